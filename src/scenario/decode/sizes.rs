//! `sizes`: how the traffic of a population's members differs.

use super::super::diagnostics::{Problem, Reporter};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::tree::Node;
use super::ROOT;

pub(crate) static SIZES: TableSpec = TableSpec {
    title: "`sizes`",
    doc: "How the traffic of a population's members differs, the first the largest; exactly one of \
          the keys. Rates, messages and submitters are means over the members.",
    fields: &[&[
        Field::optional(
            "zipf",
            Shape::Number { least: 0.0, most: 10.0 },
            "member k in proportion to k to the power of minus this",
        ),
        Field::optional(
            "lognormal",
            Shape::Number { least: 0.0, most: 5.0 },
            "quantiles of a lognormal; this is the standard deviation of the natural logarithm",
        ),
    ]],
    kind: None,
};

/// How the members of a population differ. No luck is in it: the sizes are the same for every seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sizes {
    Zipf(f64),
    Lognormal(f64),
}

impl Sizes {
    /// The sizes of so many members, with mean 1, the largest first.
    pub(crate) fn of(self, members: u32) -> Vec<f64> {
        let raw: Vec<f64> = match self {
            Sizes::Zipf(s) => (1..=members).map(|k| libm::pow(f64::from(k), -s)).collect(),
            Sizes::Lognormal(sigma) => {
                let above = |k: u32| (f64::from(k) - 0.5) / f64::from(members);
                (1..=members).map(|k| libm::exp(sigma * exceeded_by(above(k)))).collect()
            }
        };
        // The smallest first, so that they are not lost beside the largest.
        let mean = raw.iter().rev().sum::<f64>() / f64::from(members);
        raw.iter().map(|size| size / mean).collect()
    }
}

/// What a standard normal number exceeds with this probability, by bisection of its complement.
fn exceeded_by(probability: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        let above = 0.5 * libm::erfc(middle / core::f64::consts::SQRT_2);
        if above > probability { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

pub(crate) fn sizes(reporter: &Reporter, node: &Node) -> Option<Sizes> {
    let reader = TableReader::open(reporter, &ROOT, &SIZES, node)?;
    let (zipf, lognormal) = (reader.number("zipf"), reader.number("lognormal"));
    let given = (reader.has("zipf"), reader.has("lognormal"));
    reader.finish();
    match given {
        (true, false) => zipf.map(Sizes::Zipf),
        (false, true) => lognormal.map(Sizes::Lognormal),
        (both, _) => {
            let title = if both { "the sizes are given twice" } else { "there are no sizes" };
            let label = "give one of `zipf` and `lognormal`";
            reporter.report(Problem::new(title, node.mark, label));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_mean_one_and_fall() {
        let zipf = Sizes::Zipf(1.0).of(4);
        // 1, 1/2, 1/3, 1/4 over their mean 25/48.
        let wanted = [1.92, 0.96, 0.64, 0.48];
        assert!(zipf.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{zipf:?}");
        assert!(Sizes::Zipf(0.0).of(3).iter().all(|size| (size - 1.0).abs() < 1e-12));
        let lognormal = Sizes::Lognormal(1.5).of(1001);
        let mean: f64 = lognormal.iter().sum::<f64>() / 1001.0;
        assert!((mean - 1.0).abs() < 1e-9 && lognormal.windows(2).all(|pair| pair[0] > pair[1]));
        // Member 159 of 1001 is one standard deviation above the median.
        let ratio = lognormal[158] / lognormal[500];
        assert!((libm::log(ratio) - 1.5).abs() < 0.01, "{ratio}");
    }
}
