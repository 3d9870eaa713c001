//! Message logs: recorded traffic, from bytes to rows to the arrivals of a scenario.

mod attach;
pub(super) mod instant;

pub use attach::{LogDefaults, attach_log, replay_log};
use std::collections::BTreeMap;

use csv::{ByteRecord, ReaderBuilder, Trim};
use instant::{parse_rfc3339, parse_seconds};

use super::decode::traffic::MOST_SEGMENTS;
use super::suggest::{list, nearest};
use crate::time::{Span, Time};
use crate::units::mix;

/// The columns that a message log may have. `submitted_s` is what an exported log calls `time`, and
/// its `id` orders messages that were submitted at the same time.
pub(crate) const COLUMNS: [&str; 12] = [
    "time",
    "tenant",
    "sender",
    "destination",
    "class",
    "segments",
    "recipient",
    "validity_s",
    "id",
    "submitted_s",
    "luck",
    "campaign",
];

/// How a log is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogFormat {
    /// The columns in order, for a log without a header; `-` or nothing for one to ignore.
    pub columns: Option<Vec<String>>,
    /// The byte between columns.
    pub separator: u8,
    /// What the time column holds.
    pub time: LogTime,
    /// Recorded time is divided by this, rounding down to a nanosecond; at least 1.
    pub compress: u64,
    /// Recorded time before this, after the start, is left out; rows that remain begin at 0.
    pub skip: Span,
    /// How many messages each row makes, in millionths: a fraction thins the log at random.
    pub scale: u64,
    /// Copies beyond the first come at random up to this long after it.
    pub spread: Span,
}

impl LogFormat {
    /// The scale of a log that is taken as it is.
    pub const WHOLE: u64 = 1_000_000;
}

/// The log that a run exports, and the default of a scenario's `[log]`.
impl Default for LogFormat {
    fn default() -> Self {
        LogFormat {
            columns: None,
            separator: b',',
            time: LogTime::Seconds,
            compress: 1,
            skip: Span::ZERO,
            scale: LogFormat::WHOLE,
            spread: Span::ZERO,
        }
    }
}

/// What the time column of a log holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogTime {
    /// Seconds from the start of the run.
    Seconds,
    /// Seconds since 1970; the earliest row is the start of the run.
    UnixSeconds,
    /// RFC 3339, such as `2026-01-31T09:30:00.5Z`; the earliest row is the start of the run.
    Rfc3339,
}

/// One recorded submission, names not resolved yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogRow {
    /// Where it stands in the file, from 1.
    pub line: u64,
    /// When, after compression.
    pub time: Time,
    /// Whose.
    pub tenant: String,
    /// From which sender.
    pub sender: Option<String>,
    /// Where to.
    pub destination: Option<String>,
    /// Its class.
    pub class: Option<String>,
    /// What it costs, 1 to 255.
    pub segments: u32,
    /// How long it stays worth sending.
    pub validity: Option<Span>,
    /// Of which campaign of the scenario: the name of one of its tenant's traffic tables.
    pub campaign: Option<String>,
    /// Where its luck comes from, in a log that a run exported.
    pub luck: Option<u64>,
}

/// What is wrong with one line of a log.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {what}; {wanted}")]
pub struct LogError {
    /// The line, from 1.
    pub line: u64,
    /// The part of the line that is wrong, or nothing for all of it.
    pub written: String,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub wanted: String,
}

impl LogError {
    pub(super) fn new(
        line: u64,
        written: &str,
        what: impl Into<String>,
        wanted: impl Into<String>,
    ) -> Self {
        LogError { line, written: written.into(), what: what.into(), wanted: wanted.into() }
    }
}

/// Reads a log. Rows come in order of time; equal times in order of their `id` where the log has
/// that column, else in order of the file.
///
/// # Errors
/// All lines that are wrong.
pub fn read_log(bytes: &[u8], format: &LogFormat) -> Result<Vec<LogRow>, Vec<LogError>> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(format.separator)
        .trim(Trim::All)
        .from_reader(bytes);
    let mut records = reader.byte_records().enumerate();
    let layout = match &format.columns {
        Some(columns) => Layout::of_columns(columns),
        None => Layout::of_header(records.next().map(|(_, record)| record)),
    };
    let layout = layout.map_err(|error| vec![error])?;
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for (index, record) in records {
        let read = match record {
            Ok(record) => layout.row(&record, format.time),
            Err(error) => {
                let line = error.position().map_or(index as u64 + 1, csv::Position::line);
                Err(LogError::new(line, "", "the row cannot be read", error.to_string()))
            }
        };
        match read {
            Ok(row) => rows.push(row),
            Err(error) => errors.push(error),
        }
    }
    if rows.is_empty() && errors.is_empty() {
        let wanted = "a row holds one message: a time and a tenant at least";
        errors.push(LogError::new(1, "", "the log holds no messages", wanted));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    in_order(rows, format)
}

/// Rows by time from the start of the run.
fn in_order(mut rows: Vec<RawRow>, format: &LogFormat) -> Result<Vec<LogRow>, Vec<LogError>> {
    rows.sort_by_key(|raw| (raw.instant, raw.order));
    let start = match format.time {
        LogTime::Seconds => 0,
        LogTime::UnixSeconds | LogTime::Rfc3339 => rows.first().map_or(0, |raw| raw.instant),
    };
    let compress = i128::from(format.compress.max(1));
    let start = start + i128::from(format.skip.as_nanoseconds());
    let (mut timed, mut errors) = (Vec::with_capacity(rows.len()), Vec::new());
    for raw in rows {
        // Truncation would move what was left out onto the start.
        if raw.instant < start {
            continue;
        }
        match u64::try_from((raw.instant - start) / compress) {
            Ok(nanoseconds) => {
                timed.push(LogRow { time: Time::from_nanoseconds(nanoseconds), ..raw.row });
            }
            Err(_) => {
                let wanted = "times are at most 500 years after the start";
                errors.push(LogError::new(raw.row.line, "", "the time is out of range", wanted));
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if timed.is_empty() {
        let wanted = "lower `skip`";
        return Err(vec![LogError::new(1, "", "all messages of the log are skipped", wanted)]);
    }
    let made = if format.scale == LogFormat::WHOLE { timed } else { scaled(timed, format) };
    if made.is_empty() {
        let wanted = "raise `scale`";
        return Err(vec![LogError::new(1, "", "no message of the log is left", wanted)]);
    }
    Ok(made)
}

/// As many rows as `format` asks for. What becomes of a row depends on its tenant and its number among
/// that tenant's rows alone: not on other tenants, and not on the seed of a run.
fn scaled(rows: Vec<LogRow>, format: &LogFormat) -> Vec<LogRow> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut made: Vec<LogRow> = Vec::new();
    for row in rows {
        let count = counts.entry(row.tenant.clone()).or_default();
        let luck = mix(xxhash_rust::xxh3::xxh3_64(row.tenant.as_bytes()) ^ mix(*count));
        *count += 1;
        let below = |luck: u64, bound: u64| ((u128::from(luck) * u128::from(bound)) >> 64) as u64;
        let rest = format.scale % LogFormat::WHOLE;
        let copies =
            format.scale / LogFormat::WHOLE + u64::from(below(luck, LogFormat::WHOLE) < rest);
        for copy in 0..copies {
            let late = format.spread.as_nanoseconds().saturating_add(1);
            let late = if copy == 0 { 0 } else { below(mix(luck ^ copy), late) };
            let time = row.time.saturating_add(Span::from_nanoseconds(late));
            // Copies of a message do not share its luck.
            made.push(LogRow { time, luck: None, ..row.clone() });
        }
    }
    // The sort keeps the order of simultaneous rows.
    made.sort_by_key(|row| row.time);
    made
}

struct RawRow {
    /// Nanoseconds since whatever the log counts from.
    instant: i128,
    /// Decides among equal instants.
    order: u64,
    row: LogRow,
}

/// Which column stands where.
struct Layout {
    width: usize,
    exact_width: bool,
    time: usize,
    tenant: usize,
    others: [Option<usize>; 8],
}

const OTHERS: [&str; 8] =
    ["sender", "destination", "class", "segments", "validity_s", "id", "luck", "campaign"];

impl Layout {
    fn of_columns(columns: &[String]) -> Result<Self, LogError> {
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let layout = Self::of_names(&names).map_err(|missing| {
            let what = format!("the columns given for the log have no `{missing}`");
            LogError::new(1, "", what, "time and tenant are needed")
        })?;
        Ok(Layout { exact_width: false, ..layout })
    }

    fn of_header(record: Option<Result<ByteRecord, csv::Error>>) -> Result<Self, LogError> {
        let empty = || {
            let wanted = "expected a header with at least `time` and `tenant`";
            LogError::new(1, "", "the log is empty", wanted)
        };
        let record = record.ok_or_else(empty)?;
        let record = record.map_err(|error| {
            LogError::new(1, "", "the header cannot be read", error.to_string())
        })?;
        let names: Result<Vec<&str>, _> = record.iter().map(std::str::from_utf8).collect();
        let names = names.map_err(|_| {
            LogError::new(1, "", "the header is not text", "a log is a CSV file in UTF-8")
        })?;
        if let Some((position, name)) = names
            .iter()
            .enumerate()
            .find(|(position, name)| COLUMNS.contains(*name) && names[..*position].contains(*name))
        {
            let what = format!("the header names `{name}` twice");
            let wanted = format!("the second is column {}", position + 1);
            return Err(LogError::new(1, name, what, wanted));
        }
        Self::of_names(&names).map_err(|missing| {
            let what = format!("the header has no column `{missing}`");
            match nearest(missing, names.iter().copied()) {
                Some(near) => {
                    LogError::new(1, near, what, format!("did you mean `{missing}` here?"))
                }
                None => {
                    let wanted = "name it; for a file without a header, give `columns` in `[log]`";
                    LogError::new(1, "", what, wanted)
                }
            }
        })
    }

    fn of_names(names: &[&str]) -> Result<Self, &'static str> {
        let position = |wanted: &str| names.iter().position(|name| *name == wanted);
        let time = position("time").or_else(|| position("submitted_s")).ok_or("time")?;
        let tenant = position("tenant").ok_or("tenant")?;
        let others = OTHERS.map(position);
        Ok(Layout { width: names.len(), exact_width: true, time, tenant, others })
    }

    fn row(&self, record: &ByteRecord, time: LogTime) -> Result<RawRow, LogError> {
        let line = record.position().map_or(1, csv::Position::line);
        let fits =
            if self.exact_width { record.len() == self.width } else { record.len() >= self.width };
        if !fits {
            let what = format!("the row has {} columns", record.len());
            return Err(LogError::new(line, "", what, format!("expected {}", self.width)));
        }
        let field = |column: usize| {
            std::str::from_utf8(&record[column]).map_err(|_| {
                LogError::new(line, "", "the row is not text", "a log is a CSV file in UTF-8")
            })
        };
        // Trailing optional columns may be empty; then they say nothing.
        let optional = |index: usize| -> Result<Option<&str>, LogError> {
            let Some(column) = self.others[index] else { return Ok(None) };
            Ok(Some(field(column)?).filter(|text| !text.is_empty()))
        };
        let written = field(self.time)?;
        let instant = match time {
            LogTime::Rfc3339 => parse_rfc3339(written),
            LogTime::Seconds | LogTime::UnixSeconds => parse_seconds(written),
        };
        let instant = instant.map_err(|wanted| {
            LogError::new(line, written, format!("`{written}` is not a time"), wanted)
        })?;
        if instant < 0 && time == LogTime::Seconds {
            let wanted = "seconds count from the start of the run; is it Unix time?";
            return Err(LogError::new(line, written, "the time is below zero", wanted));
        }
        let tenant = field(self.tenant)?;
        if tenant.is_empty() {
            return Err(LogError::new(line, "", "the tenant is empty", "every row names a tenant"));
        }
        let number = |index: usize, least: u64, most: u64| -> Result<Option<u64>, LogError> {
            let Some(written) = optional(index)? else { return Ok(None) };
            let number = written.parse().ok().filter(|number| (least..=most).contains(number));
            number.map(Some).ok_or_else(|| {
                let what = format!("`{written}` is not a number of {}", OTHERS[index]);
                let wanted = format!("expected a whole number from {least} to {most}");
                LogError::new(line, written, what, wanted)
            })
        };
        let segments = number(3, 1, MOST_SEGMENTS)?.unwrap_or(1);
        let order = number(5, 0, u64::MAX)?.unwrap_or(line);
        let validity = match optional(4)? {
            None => None,
            Some(written) => Some(validity(written).ok_or_else(|| {
                let what = format!("`{written}` is not a validity");
                LogError::new(line, written, what, "expected seconds above zero, such as 300")
            })?),
        };
        let name = |index: usize| Ok(optional(index)?.map(String::from));
        let row = LogRow {
            line,
            time: Time::ZERO,
            tenant: tenant.into(),
            sender: name(0)?,
            destination: name(1)?,
            class: name(2)?,
            segments: segments as u32,
            validity,
            campaign: name(7)?,
            luck: number(6, 0, u64::MAX)?,
        };
        Ok(RawRow { instant, order, row })
    }
}

fn validity(written: &str) -> Option<Span> {
    let nanoseconds = u64::try_from(parse_seconds(written).ok()?).ok()?;
    (nanoseconds > 0).then_some(Span::from_nanoseconds(nanoseconds))
}

/// XXH3-128 of a file's bytes, in hexadecimal.
pub fn content_hash(bytes: &[u8]) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(bytes))
}

/// Line number `line`, from 1, of a file that may not be text.
pub(crate) fn line_of(bytes: &[u8], line: u64) -> String {
    let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let line = bytes.split(|byte| *byte == b'\n').nth(index).unwrap_or_default();
    String::from_utf8_lossy(line).trim_end_matches('\r').to_string()
}

/// The names that something in a log may have, for a message.
fn known<'a>(written: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(written, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.clone().count() == 1 => format!("there is only {}", list(names)),
        None => format!("there are {}", list(names)),
    }
}

#[cfg(test)]
mod tests;
