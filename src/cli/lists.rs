//! `apportion policies`, `detectors`, `faults`, `carriers`, `metrics`: the registries, for people and programs.

use std::io::Write;

use super::exit::Failure;
use super::{Exit, OutputFormat};
use crate::detector::DETECTORS;
use crate::measure::METRICS;
use crate::scenario::{carrier_profiles, fault_kinds};
use crate::scheduler::POLICIES;

pub(super) fn policies(format: OutputFormat, output: &mut dyn Write) -> Result<Exit, Failure> {
    let rows = POLICIES
        .iter()
        .map(|info| vec![info.name, info.rule, info.flow, info.cost, info.guarantee, info.source]);
    let head = ["policy", "rule", "flow", "cost", "guarantee", "source"];
    write_rows(format, &head, rows, output)?;
    Ok(Exit::Done)
}

pub(super) fn detectors(format: OutputFormat, output: &mut dyn Write) -> Result<Exit, Failure> {
    let rows = DETECTORS.iter().map(|info| vec![info.name, info.rule, info.source]);
    write_rows(format, &["detector", "rule", "source"], rows, output)?;
    Ok(Exit::Done)
}

pub(super) fn faults(format: OutputFormat, output: &mut dyn Write) -> Result<Exit, Failure> {
    write_rows(format, &["fault", "effect", "settings"], fault_kinds().into_iter(), output)?;
    Ok(Exit::Done)
}

pub(super) fn carriers(format: OutputFormat, output: &mut dyn Write) -> Result<Exit, Failure> {
    let head = ["carrier", "date", "of", "sources", "keys"];
    write_rows(format, &head, carrier_profiles().into_iter(), output)?;
    Ok(Exit::Done)
}

pub(super) fn metrics(format: OutputFormat, output: &mut dyn Write) -> Result<Exit, Failure> {
    let rows = METRICS
        .iter()
        .map(|metric| vec![metric.name, metric.unit.symbol(), metric.scope.describe(), metric.doc]);
    write_rows(format, &["metric", "unit", "of", "definition"], rows, output)?;
    Ok(Exit::Done)
}

/// The schema is JSON for people and programs alike.
pub(super) fn schema(format: OutputFormat, output: &mut dyn Write) -> Result<Exit, Failure> {
    if !matches!(format, OutputFormat::Table | OutputFormat::Json) {
        return Err(Failure::usage("error: the schema is JSON, whatever the --format"));
    }
    writeln!(output, "{}", crate::scenario::schema().trim_end())?;
    Ok(Exit::Done)
}

/// People get the first column and below it the others, named; programs get records.
pub(super) fn write_rows<R, C>(
    format: OutputFormat,
    head: &[&str],
    rows: impl Iterator<Item = R>,
    output: &mut dyn Write,
) -> Result<(), Failure>
where
    R: AsRef<[C]>,
    C: AsRef<str>,
{
    let cells = |row: &R| -> Vec<String> {
        row.as_ref().iter().map(|cell| cell.as_ref().to_owned()).collect()
    };
    let rows = rows.map(|row| cells(&row));
    match format {
        OutputFormat::Table => {
            for row in rows {
                writeln!(output, "{}", row[0])?;
                for (name, value) in head.iter().zip(&row).skip(1) {
                    if !value.is_empty() {
                        writeln!(output, "  {name:<10} {value}")?;
                    }
                }
            }
        }
        OutputFormat::Md => {
            writeln!(output, "| {} |", head.join(" | "))?;
            writeln!(output, "|{}", "---|".repeat(head.len()))?;
            for row in rows {
                let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
                writeln!(output, "| {} |", cells.join(" | "))?;
            }
        }
        OutputFormat::Csv => {
            let mut writer = csv::Writer::from_writer(output);
            writer.write_record(head).map_err(std::io::Error::from)?;
            for row in rows {
                writer.write_record(&row).map_err(std::io::Error::from)?;
            }
            writer.flush()?;
        }
        OutputFormat::Json => {
            let records: Vec<std::collections::BTreeMap<&str, String>> =
                rows.map(|row| head.iter().copied().zip(row).collect()).collect();
            let text = serde_json::to_string_pretty(&records).map_err(std::io::Error::from)?;
            writeln!(output, "{text}")?;
        }
        OutputFormat::Github => {
            return Err(Failure::usage("error: --format github is for `apportion check`"));
        }
    }
    Ok(())
}
