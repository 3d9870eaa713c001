//! What a scenario means, for people.

use std::io::{self, Write};

use super::{Failing, Line, Meaning, Place};
use crate::report::{figure, percent, time};

const HEAD: [&str; 6] = ["who", "tenants", "weight", "segments", "offered/s", "guaranteed/s"];

pub(super) fn table(meaning: &Meaning, output: &mut dyn Write) -> io::Result<()> {
    let Meaning { scenario, policy, seed, description, .. } = meaning;
    writeln!(output, "{scenario} · policy {policy} · seed {seed}\n{description}")?;
    writeln!(output, "{}", times(meaning))?;
    for place in &meaning.destinations {
        writeln!(output, "\n{}: {}", place.name, load(place))?;
        let cells = std::iter::once(HEAD.map(str::to_owned)).chain(place.groups.iter().map(cells));
        for [who, tenants, weight, segments, offered, entitled] in cells {
            writeln!(
                output,
                "  {who:24} {tenants:>8} {weight:>7} {segments:>12} {offered:>12} {entitled:>12}"
            )?;
        }
    }
    for place in &meaning.destinations {
        writeln!(output, "\n{}: the carrier", place.name)?;
        for (key, value) in &place.carrier {
            writeln!(output, "  {key:18} {value}")?;
        }
    }
    for fault in &meaning.faults {
        writeln!(output, "\n{}", words(fault))?;
    }
    Ok(())
}

pub(super) fn markdown(meaning: &Meaning, output: &mut dyn Write) -> io::Result<()> {
    let Meaning { scenario, policy, seed, description, .. } = meaning;
    writeln!(output, "### {scenario} · policy {policy} · seed {seed}\n\n{description}\n")?;
    writeln!(output, "{}", times(meaning))?;
    for place in &meaning.destinations {
        writeln!(output, "\n**{}:** {}\n", place.name, load(place))?;
        writeln!(output, "| {} |\n|---|--:|--:|--:|--:|--:|", HEAD.join(" | "))?;
        for line in &place.groups {
            let cells = cells(line).map(|cell| cell.replace('|', "\\|"));
            writeln!(output, "| {} |", cells.join(" | "))?;
        }
    }
    for place in &meaning.destinations {
        writeln!(output, "\n**{}: the carrier**\n", place.name)?;
        for (key, value) in &place.carrier {
            writeln!(output, "- {key}: {value}")?;
        }
    }
    for fault in &meaning.faults {
        writeln!(output, "\n- {}", words(fault))?;
    }
    Ok(())
}

fn times(meaning: &Meaning) -> String {
    let (duration, drain) = (time(meaning.duration_s), time(meaning.drain_s));
    format!("arrivals for {duration}, then at most {drain} to drain")
}

fn load(place: &Place) -> String {
    let load = match (place.quota_per_s, place.load) {
        (Some(quota), Some(load)) => format!("quota {}/s, load {}", figure(quota), percent(load)),
        _ => "no quota".to_owned(),
    };
    let plural = if place.sessions == 1 { "" } else { "s" };
    format!("{load}, {} session{plural} x {} unanswered", place.sessions, place.window)
}

fn cells(line: &Line) -> [String; 6] {
    [
        line.group.clone(),
        line.tenants.to_string(),
        figure(line.weight),
        figure(line.offered_segments),
        figure(line.offered_per_s),
        line.entitled_per_s.map_or("-".to_owned(), figure),
    ]
}

fn words(fault: &Failing) -> String {
    let detail = match (fault.fraction, &fault.status) {
        (Some(fraction), Some(status)) => {
            format!(", {} of attempts with {status}", percent(fraction))
        }
        _ => String::new(),
    };
    let recurs = fault.recurs.as_ref().map_or_else(String::new, |recurs| format!(", {recurs}"));
    let what = if fault.nature == "failure" { "fault" } else { fault.nature };
    format!(
        "{what} {}: {} of {} for {} from {}, for {}{recurs}{detail}",
        fault.name,
        fault.kind,
        fault.destination,
        fault.tenant.as_deref().unwrap_or("everybody"),
        time(fault.start_s),
        time(fault.duration_s),
    )
}
