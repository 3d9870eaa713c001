//! Labelled series of others: files of times and values, and which stretches of them are abnormal.
//!
//! Two layouts are read: the folder of the Numenta Anomaly Benchmark (`data/` with files of
//! `timestamp,value` and `labels/combined_windows.json`), or any file or folder inside its `data/`; and
//! files with a `label` column of 0 and 1. Columns are found by name, whatever their order and case. Steps are
//! taken in the order of the rows: real files have times that come twice, or go back by an hour in autumn.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::message_log::content_hash;
use super::message_log::instant::{parse_rfc3339, parse_seconds};

/// A series of values at ascending times.
#[derive(Clone, PartialEq, Debug)]
pub struct LabelledSeries {
    /// The folder it came from, such as `realTweets`; `series` where the path names none.
    pub group: String,
    /// The file's name without its ending.
    pub name: String,
    /// When, in seconds since 1970 (or from the start, where the file says so).
    pub times_s: Vec<i64>,
    /// What was measured.
    pub values: Vec<f64>,
    /// Of how many, where the file has a column `total`: the value then counts outcomes that failed.
    pub totals: Option<Vec<f64>>,
    /// The abnormal stretches in ascending order, by row, both ends included; `None` where the file
    /// says nothing about it, which is not the same as saying that all is well.
    pub windows: Option<Vec<RangeInclusive<usize>>>,
    /// XXH3-128 of the file's bytes, in hexadecimal.
    pub content_hash: String,
}

/// Why a series could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    /// A file or folder cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}:{line}: {problem}")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The labels of a corpus are not what they should be.
    #[error("{path}: {problem}")]
    Labels {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// There is no series.
    #[error("{path}: no .csv file in this folder or below it")]
    Nothing {
        /// Where.
        path: PathBuf,
    },
}

/// By series of a corpus, such as `realTweets/Twitter_volume_AAPL.csv`: start and end of each window.
type Labels = BTreeMap<String, Vec<[String; 2]>>;

impl LabelledSeries {
    /// The label of every row; `None` where the file has none.
    pub fn labels(&self) -> Option<Vec<bool>> {
        let windows = self.windows.as_ref()?;
        let mut labels = vec![false; self.values.len()];
        windows.iter().for_each(|window| labels[window.clone()].fill(true));
        Some(labels)
    }

    /// The usual step between two rows in seconds: the median; at least 1.
    pub fn step_s(&self) -> i64 {
        let mut steps: Vec<i64> = self.times_s.windows(2).map(|pair| pair[1] - pair[0]).collect();
        steps.sort_unstable();
        steps.get(steps.len() / 2).copied().unwrap_or(1).max(1)
    }
}

/// Reads one series, or all of a folder, in the order of their names.
pub fn load_series(path: &Path) -> Result<Vec<LabelledSeries>, SeriesError> {
    let inside = if path.join("labels/combined_windows.json").is_file() {
        path.join("data")
    } else {
        path.to_path_buf()
    };
    let corpus = inside.ancestors().find_map(|folder| {
        let labels = folder.parent()?.join("labels/combined_windows.json");
        (folder.ends_with("data") && labels.is_file()).then(|| (folder.to_path_buf(), labels))
    });
    let labels = match &corpus {
        Some((data, file)) => Some((data, read_labels(file)?, file)),
        None => None,
    };
    let mut files = Vec::new();
    if inside.is_dir() {
        collect(&inside, &mut files)?;
    } else {
        files.push(inside.clone());
    }
    if files.is_empty() {
        return Err(SeriesError::Nothing { path: inside });
    }
    let mut all = Vec::new();
    for file in files {
        let mut series = read(&file)?;
        if let Some((data, labels, source)) = &labels {
            let key = file.strip_prefix(data).map(|key| key.display().to_string());
            if let Some(stretches) = key.ok().and_then(|key| labels.get(&key)) {
                series.windows = Some(place(&series, stretches, source)?);
            }
        }
        all.push(series);
    }
    Ok(all)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), SeriesError> {
    let failed = |source| SeriesError::Read { path: folder.to_path_buf(), source };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if entry.extension().is_some_and(|ending| ending == "csv") {
            files.push(entry);
        }
    }
    Ok(())
}

fn read_labels(path: &Path) -> Result<Labels, SeriesError> {
    let text = fs::read_to_string(path)
        .map_err(|source| SeriesError::Read { path: path.to_path_buf(), source })?;
    serde_json::from_str(&text).map_err(|error| SeriesError::Labels {
        path: path.to_path_buf(),
        problem: format!("{error}: expected {{\"file\": [[\"start\", \"end\"], …]}}"),
    })
}

/// The rows of stretches given by times. The benchmark looks for rows of exactly these times.
fn place(
    series: &LabelledSeries,
    stretches: &[[String; 2]],
    source: &Path,
) -> Result<Vec<RangeInclusive<usize>>, SeriesError> {
    let row = |text: &String| {
        let time = parse_time(text).ok();
        let row = series.times_s.iter().position(|row| Some(*row) == time);
        row.ok_or_else(|| SeriesError::Labels {
            path: source.to_path_buf(),
            problem: format!("{}/{} has no row at `{text}`", series.group, series.name),
        })
    };
    stretches.iter().map(|[start, end]| Ok(row(start)?..=row(end)?)).collect()
}

/// Where the columns are.
struct Columns {
    time: usize,
    value: usize,
    total: Option<usize>,
    label: Option<usize>,
}

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Columns, String> {
        let named = |names: &[&str]| {
            header.iter().position(|name| names.contains(&name.trim().to_lowercase().as_str()))
        };
        let wanted = |names: &[&str]| {
            named(names).ok_or_else(|| {
                format!(
                    "there is no column `{}`: the header names at least timestamp and value",
                    names[0]
                )
            })
        };
        Ok(Columns {
            time: wanted(&["timestamp", "time", "start_s"])?,
            value: wanted(&["value", "failed", "count"])?,
            total: named(&["total", "outcomes"]),
            label: named(&["label", "is_anomaly", "anomaly"]),
        })
    }
}

fn read(path: &Path) -> Result<LabelledSeries, SeriesError> {
    let at = |line: u64, problem: String| SeriesError::Malformed {
        path: path.to_path_buf(),
        line,
        problem,
    };
    let bytes =
        fs::read(path).map_err(|source| SeriesError::Read { path: path.to_path_buf(), source })?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes.as_slice());
    let header = reader.headers().map_err(|error| at(1, error.to_string()))?;
    let columns = Columns::of(header).map_err(|problem| at(1, problem))?;
    let named = |part: Option<&std::ffi::OsStr>| {
        part.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let mut series = LabelledSeries {
        group: Some(named(path.parent().and_then(Path::file_name)))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "series".to_owned()),
        name: named(path.file_stem()),
        times_s: Vec::new(),
        values: Vec::new(),
        totals: columns.total.map(|_| Vec::new()),
        windows: columns.label.map(|_| Vec::new()),
        content_hash: content_hash(&bytes),
    };
    for record in reader.records() {
        let record = record.map_err(|error| {
            at(error.position().map_or(0, csv::Position::line), error.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let number = |column: usize| {
            let text = record.get(column).unwrap_or_default();
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| at(line, format!("`{text}` is no number such as 12 or 0.5")))
        };
        // Where nothing was measured there is nothing to score; monitoring systems leave it empty.
        let is_measured = |column: usize| record.get(column).is_none_or(|text| !text.is_empty());
        if !is_measured(columns.value) || columns.label.is_some_and(|label| !is_measured(label)) {
            continue;
        }
        let time = parse_time(record.get(columns.time).unwrap_or_default())
            .map_err(|problem| at(line, problem))?;
        let row = series.values.len();
        series.times_s.push(time);
        let value = number(columns.value)?;
        series.values.push(value);
        if let (Some(totals), Some(column)) = (&mut series.totals, columns.total) {
            let total = number(column)?;
            if !(0.0..=total).contains(&value) {
                return Err(at(line, format!("{value} of {total} failed: it is 0 to all of them")));
            }
            totals.push(total);
        }
        if let (Some(windows), Some(column)) = (&mut series.windows, columns.label) {
            let is_abnormal = parse_label(record.get(column).unwrap_or_default())
                .map_err(|problem| at(line, problem))?;
            match windows.last_mut() {
                Some(window) if is_abnormal && *window.end() + 1 == row => {
                    *window = *window.start()..=row;
                }
                _ if is_abnormal => windows.push(row..=row),
                _ => {}
            }
        }
    }
    if series.values.is_empty() {
        return Err(at(1, "there is no row with a value below the header".to_owned()));
    }
    Ok(series)
}

fn parse_label(text: &str) -> Result<bool, String> {
    match text.parse::<f64>() {
        Ok(0.0) => Ok(false),
        Ok(1.0) => Ok(true),
        _ => Err(format!("`{text}` is no label: 1 where it is abnormal, else 0")),
    }
}

/// Seconds, or a date and a time with or without a zone (taken for UTC).
fn parse_time(text: &str) -> Result<i64, String> {
    let nanoseconds = parse_seconds(text)
        .or_else(|_| parse_rfc3339(text))
        .or_else(|_| parse_rfc3339(&format!("{text}Z")))
        .map_err(|_| format!("`{text}` is no time such as 2015-02-26 21:42:53 or 1424986973"))?;
    i64::try_from(nanoseconds.div_euclid(1_000_000_000))
        .map_err(|_| format!("`{text}` is beyond any calendar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &str)]) -> Folder {
            let root = std::env::temp_dir()
                .join(format!("apportion-series-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&root);
            for (file, text) in files {
                let path = root.join(file);
                fs::create_dir_all(path.parent().expect("in the folder")).expect("writable");
                fs::write(path, text).expect("writable");
            }
            Folder(root)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_with_labels() {
        let text = "\"TimeStamp\",\"Value\",\"Label\"\n2018-07-03 14:00:00,1,0\n\
                    2018-07-03T15:00:00Z,2.5,1\n1530633600,3,1\n1530635000,,1\n1530637200,4,0\n1530640800,5,1\n";
        let folder = Folder::new("labels", &[("rates/a.csv", text)]);
        let all = load_series(&folder.0).expect("readable");
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].group.as_str(), all[0].name.as_str()), ("rates", "a"));
        assert_eq!(all[0].times_s, [1530626400, 1530630000, 1530633600, 1530637200, 1530640800]);
        assert_eq!(all[0].values, [1.0, 2.5, 3.0, 4.0, 5.0]);
        assert_eq!(all[0].windows, Some(vec![1..=2, 4..=4]));
        assert_eq!(all[0].labels(), Some(vec![false, true, true, false, true]));
        assert_eq!(all[0].step_s(), 3600);
    }

    #[test]
    fn a_corpus_as_a_whole_and_in_part() {
        let rows = "timestamp,value\n2015-02-26 21:42:53,104\n2015-02-26 21:47:53,100\n\
                    2015-02-26 21:52:53,99\n";
        let labels = r#"{"x/a.csv": [["2015-02-26 21:47:53.000000", "2015-02-26 21:52:53.000000"]],
                         "y/b.csv": []}"#;
        let folder = Folder::new(
            "corpus",
            &[
                ("data/x/a.csv", rows),
                ("data/y/b.csv", rows),
                ("data/y/unlabelled.csv", rows),
                ("labels/combined_windows.json", labels),
            ],
        );
        let windows = |path: &Path| -> Vec<_> {
            load_series(path).expect("readable").into_iter().map(|one| one.windows).collect()
        };
        assert_eq!(windows(&folder.0), [Some(vec![1..=2]), Some(vec![]), None]);
        assert_eq!(windows(&folder.0.join("data/y")), [Some(vec![]), None]);
        assert_eq!(windows(&folder.0.join("data/x/a.csv")), [Some(vec![1..=2])]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            ("timestamp,height\n1,2\n", ":1: there is no column `value`"),
            ("timestamp,value\n1,2\nnoon,2\n", ":3: `noon` is no time such as"),
            ("timestamp,value\n1,x\n", ":2: `x` is no number"),
            ("timestamp,value\n1,NaN\n", ":2: `NaN` is no number"),
            ("timestamp,value,label\n1,2,3\n", ":2: `3` is no label"),
            ("timestamp,value\n1,2\n1\n", ":3: "),
        ] {
            let folder = Folder::new("wrong", &[("a.csv", text)]);
            let error = load_series(&folder.0.join("a.csv")).expect_err(text).to_string();
            assert!(error.contains(&format!("a.csv{expected}")), "{error}");
        }
        let folder = Folder::new("none", &[("readme.txt", "")]);
        assert!(matches!(load_series(&folder.0), Err(SeriesError::Nothing { .. })));
        assert!(matches!(load_series(&folder.0.join("a.csv")), Err(SeriesError::Read { .. })));
        let labels = r#"{"a.csv": [["2015-02-26 21:47:53", "2015-02-26 21:52:53"]]}"#;
        let folder = Folder::new(
            "astray",
            &[("data/a.csv", "timestamp,value\n1,2\n"), ("labels/combined_windows.json", labels)],
        );
        let error = load_series(&folder.0).expect_err("no such row").to_string();
        assert!(error.contains("has no row at `2015-02-26 21:47:53`"), "{error}");
    }
}
