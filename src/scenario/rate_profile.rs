//! Rate profiles: recorded rates, from bytes to the sources of a scenario.

use std::collections::BTreeMap;
use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::decode::tenant::MOST_TENANTS;
use super::decode::traffic::gap_law;
use super::decode::values::check_name;
use super::message_log::LogError;
use super::quantity::parse_scaled;
use super::resolved::{
    Arrivals, ProfileInterval, RateProfile, Scenario, Sender, SenderUse, Source, Tenant,
};
use super::suggest::nearest;
use crate::time::{Span, Time};
use crate::units::{ClassId, DestinationId, SenderId, TenantId, TenantSetId, Weight};

const COLUMNS: [&str; 4] = ["tenant", "start_s", "rate_per_s", "cv"];
/// A lower variability is as good as equal gaps.
const LEAST_CV: f64 = 0.01;

/// How a profile is read.
pub(crate) struct ProfileFormat {
    /// How long an interval was when it was recorded.
    pub(crate) interval: Span,
    /// What rates are multiplied by, in millionths.
    pub(crate) scale: u64,
    /// What comes before is left out.
    pub(crate) skip: Span,
    /// What recorded time is divided by.
    pub(crate) compress: u64,
    /// The name of the distribution of the gaps.
    pub(crate) gaps: &'static str,
}

/// What all messages of a profile have in common.
pub(crate) struct ProfileSource {
    pub(crate) destination: DestinationId,
    pub(crate) class: ClassId,
    pub(crate) segments: Vec<(u32, u32)>,
    pub(crate) validity: Option<Span>,
    /// The population of created tenants.
    pub(crate) group: String,
    pub(crate) set: Option<TenantSetId>,
}

/// One recorded interval.
pub(crate) struct ProfileRow {
    line: u64,
    tenant: String,
    interval: ProfileInterval,
}

/// Reads a profile.
///
/// # Errors
/// All lines that are wrong.
pub(crate) fn read_profile(
    bytes: &[u8],
    format: &ProfileFormat,
) -> Result<Vec<ProfileRow>, Vec<LogError>> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(bytes);
    let mut records = reader.byte_records();
    let columns = columns(records.next()).map_err(|error| vec![error])?;
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for (index, record) in records.enumerate() {
        let read = match record {
            Ok(record) => row(&record, &columns, format),
            Err(error) => {
                let line = error.position().map_or(index as u64 + 2, csv::Position::line);
                Err(LogError::new(line, "", "the row cannot be read", error.to_string()))
            }
        };
        match read {
            Ok(row) => rows.extend(row),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(rows) } else { Err(errors) }
}

/// Where each of the columns stands; only the last may be missing.
fn columns(header: Option<Result<ByteRecord, csv::Error>>) -> Result<[Option<usize>; 4], LogError> {
    let header = match header {
        Some(Ok(header)) => header,
        Some(Err(error)) => {
            return Err(LogError::new(1, "", "the header cannot be read", error.to_string()));
        }
        None => {
            let wanted = "expected a header with tenant, start_s and rate_per_s";
            return Err(LogError::new(1, "", "the profile is empty", wanted));
        }
    };
    let names: Vec<String> =
        header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    let found = COLUMNS.map(|wanted| names.iter().position(|name| name == wanted));
    match COLUMNS.iter().zip(found).find(|(name, place)| place.is_none() && **name != "cv") {
        None => Ok(found),
        Some((missing, _)) => {
            let what = format!("the header has no column `{missing}`");
            Err(match nearest(missing, names.iter().map(String::as_str)) {
                Some(near) => {
                    LogError::new(1, near, what, format!("did you mean `{missing}` here?"))
                }
                None => LogError::new(1, "", what, "expected tenant, start_s, rate_per_s and cv"),
            })
        }
    }
}

/// A row; `None` when it comes before what is wanted.
fn row(
    record: &ByteRecord,
    columns: &[Option<usize>; 4],
    format: &ProfileFormat,
) -> Result<Option<ProfileRow>, LogError> {
    let line = record.position().map_or(1, csv::Position::line);
    let field = |index: usize| -> Result<&str, LogError> {
        let Some(column) = columns[index] else { return Ok("") };
        let bytes = record.get(column).ok_or_else(|| {
            let what = format!("the row has {} columns", record.len());
            LogError::new(line, "", what, format!("expected at least {}", column + 1))
        })?;
        std::str::from_utf8(bytes).map_err(|_| {
            LogError::new(line, "", "the row is not text", "a profile is a CSV file in UTF-8")
        })
    };
    let number = |index: usize, places: u32, finest: &'static str| {
        let written = field(index)?;
        parse_scaled(written, places, finest).map_err(|error| {
            let what = format!("`{written}` is not a number of {}", COLUMNS[index]);
            LogError::new(line, written, what, error.to_string())
        })
    };
    let tenant = field(0)?;
    check_name(tenant).map_err(|why| {
        LogError::new(line, tenant, format!("`{tenant}` is not a good name for a tenant"), why)
    })?;
    let start = number(1, 9, "a nanosecond")?;
    let rate = number(2, 9, "a billionth of a message a second")?;
    let cv = match field(3)? {
        "" => 1.0,
        written => {
            written.parse::<f64>().ok().filter(|cv| (0.0..=1000.0).contains(cv)).ok_or_else(
                || {
                    let what = format!("`{written}` is not a coefficient of variation");
                    LogError::new(line, written, what, "expected a number from 0 to 1000")
                },
            )?
        }
    };
    let absurd = |what: &str| LogError::new(line, "", what, "is it a slip of the pen?");
    let Some(start) = start.checked_sub(u128::from(format.skip.as_nanoseconds())) else {
        return Ok(None);
    };
    let start = u64::try_from(start / u128::from(format.compress))
        .map_err(|_| absurd("the start is more than 500 years away"))?;
    // Billionths × millionths × nanoseconds are 10⁻²⁴; the unit of messages is 10⁻¹⁸.
    let messages = rate
        .checked_mul(u128::from(format.scale))
        .and_then(|product| product.checked_mul(u128::from(format.interval.as_nanoseconds())))
        .map(|product| product / 1_000_000)
        .filter(|messages| messages / RateProfile::ONE < 1_000_000_000)
        .ok_or_else(|| absurd("the interval holds more than 1000000000 messages"))?;
    let gaps = gap_law(format.gaps, cv.max(LEAST_CV));
    let interval = ProfileInterval { start: Time::from_nanoseconds(start), messages, gaps };
    Ok(Some(ProfileRow { line, tenant: tenant.into(), interval }))
}

/// Makes sources of `rows`, one a tenant; tenants that are not there are created.
///
/// # Errors
/// All rows that do not fit.
pub(crate) fn attach_profile(
    scenario: &mut Scenario,
    rows: Vec<ProfileRow>,
    format: &ProfileFormat,
    common: &ProfileSource,
) -> Result<(), Vec<LogError>> {
    let end = Time::ZERO + scenario.duration;
    let length = Span::from_nanoseconds(format.interval.as_nanoseconds() / format.compress);
    let mut errors = Vec::new();
    if length == Span::ZERO {
        let wanted = "lower `compress`";
        errors.push(LogError::new(1, "", "an interval becomes shorter than a nanosecond", wanted));
    }
    // In order of their first rows, so that the numbers of tenants follow the file.
    let mut order: Vec<String> = Vec::new();
    let mut by_tenant: BTreeMap<String, Vec<ProfileRow>> = BTreeMap::new();
    for row in rows.into_iter().filter(|row| row.interval.start < end) {
        let known = by_tenant.entry(row.tenant.clone()).or_default();
        if known.is_empty() {
            order.push(row.tenant.clone());
        }
        known.push(row);
    }
    if order.is_empty() {
        let what = "no interval of the profile lies within the run";
        errors.push(LogError::new(1, "", what, "look at `skip`, `compress` and `duration`"));
    }
    let mut people: BTreeMap<String, TenantId> = BTreeMap::new();
    for (index, tenant) in scenario.tenants.iter().enumerate() {
        people.insert(tenant.name.clone(), TenantId(index as u32));
    }
    let created = order.iter().filter(|name| !people.contains_key(*name)).count();
    if (scenario.tenants.len() + created) as u64 > MOST_TENANTS {
        let what = format!("the profile makes more than {MOST_TENANTS} tenants");
        errors.push(LogError::new(1, "", what, "a scenario cannot have more"));
    }
    for rows in by_tenant.values_mut() {
        rows.sort_by_key(|row| row.interval.start);
        let overlaps = rows
            .windows(2)
            .filter(|pair| pair[1].interval.start < pair[0].interval.start.saturating_add(length));
        errors.extend(overlaps.map(|pair| {
            let what = format!("this interval of `{}` overlaps another", pair[1].tenant);
            LogError::new(pair[1].line, "", what, format!("the other is line {}", pair[0].line))
        }));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    for name in order {
        let intervals = by_tenant[&name].iter().map(|row| row.interval).collect();
        let tenant = people.get(&name).copied();
        let tenant = tenant.unwrap_or_else(|| new_tenant(scenario, name, common));
        let first = scenario.senders.iter().position(|sender| sender.tenant == tenant);
        let senders = scenario.senders.iter().filter(|sender| sender.tenant == tenant).count();
        scenario.sources.push(Source {
            name: "profile".into(),
            tenant,
            destination: common.destination,
            class: common.class,
            first_sender: SenderId(first.expect("every tenant has a sender") as u32),
            senders: senders as u32,
            sender_use: SenderUse::InTurn,
            segments: common.segments.clone(),
            validity: common.validity,
            send_window: None,
            arrivals: Arrivals::Profile(Arc::new(RateProfile { length, intervals })),
        });
    }
    Ok(())
}

fn new_tenant(scenario: &mut Scenario, name: String, common: &ProfileSource) -> TenantId {
    let tenant = TenantId(scenario.tenants.len() as u32);
    let (group, set) = (common.group.clone(), common.set);
    let weight = Weight::ONE;
    scenario.tenants.push(Tenant {
        name,
        group,
        set,
        weight,
        cap: None,
        daily_cap: None,
        spills: false,
    });
    let name = "sender-1".into();
    scenario.senders.push(Sender { name, tenant, cap: None, daily_cap: None, class: None });
    tenant
}
