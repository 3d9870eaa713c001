//! Carrier profiles: named, dated settings of gateways with their sources, which a scenario names and
//! overrides key by key.

use std::borrow::Cow;

use super::super::super::diagnostics::{Mark, Problem, Reporter};
use super::super::super::tree::{Node, Table, Value, parse_document};
use super::super::values::did_you_mean;

/// The profiles, in the order of their names. One more is one file and one line.
const PROFILES: [(&str, &str); 8] = [
    ("eu-smpp", include_str!("../../profiles/eu-smpp.toml")),
    ("us-att-10dlc", include_str!("../../profiles/us-att-10dlc.toml")),
    ("us-long-code", include_str!("../../profiles/us-long-code.toml")),
    ("us-short-code", include_str!("../../profiles/us-short-code.toml")),
    ("us-t-mobile-10dlc", include_str!("../../profiles/us-t-mobile-10dlc.toml")),
    ("us-toll-free", include_str!("../../profiles/us-toll-free.toml")),
    ("us-verizon-10dlc", include_str!("../../profiles/us-verizon-10dlc.toml")),
    ("za-smsportal", include_str!("../../profiles/za-smsportal.toml")),
];

/// All profiles, for people: name, date, what it is of, sources, and its keys as TOML.
pub(crate) fn carrier_profiles() -> impl Iterator<Item = [String; 5]> {
    PROFILES.iter().map(|(name, text)| {
        let document = document(text, Mark::default());
        let of = |key: &str| document.text_at(key).unwrap_or_default().to_owned();
        let sources = match &document.value {
            Value::Table(table) => texts(table.get("sources").map(|entry| &entry.node)),
            _ => Vec::new(),
        };
        let keys = text.split_once("[gateway]\n").map_or("", |(_, keys)| keys);
        [(*name).to_owned(), of("date"), of("of"), sources.join(" , "), in_one_line(keys)]
    })
}

/// Keys in one line, for tables.
fn in_one_line(keys: &str) -> String {
    let mut line = String::new();
    for part in keys.lines().map(str::trim) {
        let goes_on = line.is_empty() || part.starts_with(['{', ']']);
        line.push_str(if line.is_empty() {
            ""
        } else if goes_on {
            " "
        } else {
            "; "
        });
        line.push_str(part);
    }
    line
}

fn texts(node: Option<&Node>) -> Vec<String> {
    let Some(Value::Array(items)) = node.map(|node| &node.value) else { return Vec::new() };
    let text = |item: &Node| match &item.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    items.iter().filter_map(text).collect()
}

/// Keys that say the same of sessions in two ways: whoever overrides one way overrides the other.
const WAYS: [(&str, &[&str]); 5] = [
    ("bind", &["sessions", "window", "session-limit", "session-burst"]),
    ("sessions", &["bind"]),
    ("window", &["bind"]),
    ("session-limit", &["bind", "session-burst"]),
    ("limit", &["limit-burst"]),
];

/// The table of a gateway with what its profile says where it says nothing itself; the profile's name.
pub(super) fn with_profile<'a>(
    reporter: &Reporter,
    node: &'a Node,
) -> (Cow<'a, Node>, Option<&'static str>) {
    let Value::Table(own) = &node.value else { return (Cow::Borrowed(node), None) };
    let Some(entry) = own.get("profile") else { return (Cow::Borrowed(node), None) };
    // Another type is reported where the key is read.
    let Value::Text(written) = &entry.node.value else { return (Cow::Borrowed(node), None) };
    let Some((name, text)) = PROFILES.iter().find(|(name, _)| name == written) else {
        let title = format!("there is no carrier profile named `{written}`");
        let label = did_you_mean(written, PROFILES.iter().map(|(name, _)| *name));
        let problem = Problem::new(title, entry.node.mark, label);
        reporter.report(problem.help("`apportion carriers` lists them"));
        return (Cow::Borrowed(node), None);
    };
    let mut merged: Table = own.clone();
    if let Value::Table(mut document) = document(text, entry.node.mark).value
        && let Some(gateway) = document.remove("gateway")
        && let Value::Table(keys) = gateway.node.value
    {
        let replaced = |key: &str| {
            let overrides = WAYS.iter().filter(|(own_key, _)| own.contains_key(*own_key));
            overrides.clone().any(|(_, others)| others.contains(&key))
        };
        for (key, entry) in keys {
            if !replaced(&key) {
                merged.entry(key).or_insert(entry);
            }
        }
    }
    (Cow::Owned(Node { value: Value::Table(merged), mark: node.mark }), Some(name))
}

/// A profile, every part of which stands where the scenario names it.
fn document(text: &str, mark: Mark) -> Node {
    let reporter = Reporter::default();
    let source = reporter.add_source("profile", text, 1);
    let mut node = parse_document(&reporter, source, text).expect("profiles are TOML");
    place(&mut node, mark);
    node
}

fn place(node: &mut Node, mark: Mark) {
    node.mark = mark;
    match &mut node.value {
        Value::Array(items) => items.iter_mut().for_each(|item| place(item, mark)),
        Value::Table(table) => {
            for entry in table.values_mut() {
                entry.key = mark;
                place(&mut entry.node, mark);
            }
        }
        Value::Text(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn every_profile_is_dated_sourced_and_a_gateway() {
        let mut names = Vec::new();
        for [name, date, of, sources, keys] in carrier_profiles() {
            assert!(date.len() == 7 && date.starts_with("20"), "{name}: {date}");
            assert!(of.len() > 20 && sources.contains("http") && !keys.is_empty(), "{name}");
            let reporter = Reporter::default();
            let text = format!("profile = \"{name}\"");
            let source = reporter.add_source("t.toml", &text, 1);
            let node = parse_document(&reporter, source, &text).expect("TOML");
            let gateway = super::super::gateway(&reporter, Span::ZERO, &node);
            let diagnostics = reporter.finish();
            assert_eq!(diagnostics.count(), 0, "{name}: {diagnostics}");
            let gateway = gateway.expect("it was read");
            assert_eq!(gateway.profile, Some(name.as_str()));
            assert_ne!(
                gateway,
                crate::scenario::Gateway { profile: gateway.profile, ..Default::default() }
            );
            names.push(name);
        }
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(names, sorted);
    }

    #[test]
    fn a_scenario_overrides_a_profile_key_by_key() {
        let read = |text: &str| {
            let reporter = Reporter::default();
            let source = reporter.add_source("t.toml", text, 1);
            let node = parse_document(&reporter, source, text).expect("TOML");
            let gateway = super::super::gateway(&reporter, Span::ZERO, &node);
            let diagnostics = reporter.finish();
            assert_eq!(diagnostics.count(), 0, "{diagnostics}");
            gateway.expect("it was read")
        };
        let plain = read("profile = \"eu-smpp\"");
        assert_eq!((plain.sessions, plain.window), (2, 10));
        let other = read("profile = \"eu-smpp\"\nwindow = 20");
        assert_eq!((other.sessions, other.window), (2, 20));
        assert_eq!(other.absent, plain.absent);
        let binds = read("profile = \"eu-smpp\"\nbind = [{ count = 3, window = 5 }]");
        assert_eq!((binds.sessions, binds.seats()), (3, 15));
        assert_eq!(binds.enquire_link, plain.enquire_link);
    }
}
