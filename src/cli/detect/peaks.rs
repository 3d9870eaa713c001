//! Where scores are highest: what there is to see in a series without labels.

use std::io::Write;

use super::super::exit::Failure;
use super::outputs::{ours, scored};
use crate::report::{count, moment, time};
use crate::scenario::LabelledSeries;

/// Peaks that are told of a score.
const PEAKS: usize = 5;
/// Peaks are at least so many steps apart, and a hundredth of the series: one episode is one peak.
const APART: usize = 12;

/// Times below this count from the start of the series and not from 1970: they would lie in its first year.
const FIRST_YEAR_S: i64 = 366 * 86_400;

/// Prints the highest steps of every series by each of our scores.
pub(super) fn print_peaks(all: &[LabelledSeries], output: &mut dyn Write) -> Result<(), Failure> {
    let mut gap = "";
    for (series, scores) in all.iter().zip(scored(all)) {
        let steps = series.values.len();
        let span = match (series.times_s.first(), series.times_s.last()) {
            (Some(first), Some(last)) => {
                format!(", {} to {}", instant(*first), instant(*last))
            }
            _ => String::new(),
        };
        let name = format!("{}/{}", series.group, series.name);
        writeln!(output, "{gap}{name}: {} steps{span}", count(steps as u64))?;
        gap = "\n";
        for (info, scores) in ours().zip(&scores) {
            let found = peaks(scores, APART.max(steps / 100));
            if found.is_empty() {
                writeln!(output, "  {} score: 0 at every step", info.name)?;
                continue;
            }
            let mut sorted = scores.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let median = sorted[sorted.len() / 2];
            writeln!(output, "  {} score, {median:.2} in the median", info.name)?;
            for at in found {
                let value = match series.totals.as_ref().map(|totals| totals[at]) {
                    None => series.values[at].to_string(),
                    Some(total) => format!("{} of {total}", series.values[at]),
                };
                let when = instant(series.times_s[at]);
                writeln!(output, "    {:>9.2}  {when:<20} value {value}", scores[at])?;
            }
        }
    }
    Ok(())
}

fn instant(time_s: i64) -> String {
    if (0..FIRST_YEAR_S).contains(&time_s) { time(time_s as f64) } else { moment(time_s) }
}

/// The highest scores above 0, highest first, the first of equals; none within `apart` steps of a higher one.
fn peaks(scores: &[f64], apart: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).filter(|at| scores[*at] > 0.0).collect();
    order.sort_by(|one, other| scores[*other].total_cmp(&scores[*one]));
    let mut found: Vec<usize> = Vec::new();
    for at in order {
        if found.iter().all(|higher| higher.abs_diff(at) >= apart) {
            found.push(at);
            if found.len() == PEAKS {
                break;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_is_one_peak_and_the_highest_come_first() {
        let mut scores = vec![0.0; 100];
        (scores[10], scores[11], scores[12]) = (3.0, 9.0, 8.0);
        (scores[40], scores[45], scores[52]) = (5.0, 4.0, 5.0);
        assert_eq!(peaks(&scores, 12), [11, 40, 52]);
        assert_eq!(peaks(&scores, 6), [11, 40, 52]);
        assert_eq!(peaks(&scores, 5), [11, 40, 52, 45]);
        let many: Vec<f64> = (0..300).map(f64::from).collect();
        assert_eq!(peaks(&many, 12), [299, 287, 275, 263, 251]);
        assert!(peaks(&[0.0; 20], 12).is_empty());
        assert!(peaks(&[], 12).is_empty());
    }

    #[test]
    fn times_without_a_date_are_told_as_spans() {
        assert_eq!(instant(7_200), "2 h");
        assert_eq!(instant(1_530_626_400), "2018-07-03 14:00:00");
    }
}
