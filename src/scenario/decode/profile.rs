//! `[profile]`: recorded rates.

use super::super::InputFile;
use super::super::diagnostics::Reporter;
use super::super::message_log::content_hash;
use super::super::rate_profile::{ProfileFormat, ProfileSource, attach_profile, read_profile};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::Scenario;
use super::super::tree::Node;
use super::log::{References, check_sets, read_file, report_rows};
use super::names::Names;
use super::traffic::{GAPS, SEGMENTS, sizes};
use super::values::millionths;
use super::{Findings, ROOT};
use crate::units::{ClassId, DestinationId, TenantSetId};

pub(crate) static PROFILE: TableSpec = TableSpec {
    title: "`[profile]`",
    doc: "Recorded rates: in each interval as many messages as the rate says, at gaps of the recorded \
          variability. It creates the tenants it names that are not declared.",
    fields: &[&[
        Field::required(
            "path",
            Shape::Text,
            "a CSV file with the columns tenant, start_s, rate_per_s and perhaps cv, relative to the \
             scenario; ${NAME} stands for an environment variable",
        ),
        Field::required("interval", Shape::Span, "how long each interval is, such as \"10min\""),
        Field::with_default(
            "scale",
            Shape::Number { least: 0.000_001, most: 1_000_000.0 },
            "1",
            "all rates are multiplied by this",
        ),
        Field::with_default("skip", Shape::Span, "\"0s\"", "recorded time before this is left out"),
        Field::with_default(
            "compress",
            Shape::Integer { least: 1, most: 1_000_000_000 },
            "1",
            "recorded time is divided by this; intervals keep their messages",
        ),
        Field::with_default("gaps", GAPS, "\"gamma\"", "the distribution of the gaps"),
        Field::optional("destination", Shape::Name, "where to; needed when there is more than one"),
        Field::optional("class", Shape::Name, "the class; needed when there is more than one"),
        Field::with_default("segments", SEGMENTS, "1", "what a message costs, as of traffic"),
        Field::optional("validity", Shape::Span, "how long a message stays worth sending"),
        Field::with_default(
            "group",
            Shape::Name,
            "\"profile\"",
            "the population of the created tenants",
        ),
        Field::optional("set", Shape::Name, "the tenant set of the created tenants"),
    ]],
    kind: None,
};

/// Reads the profile into `draft`, which is `None` when what it refers to could not be read: then only
/// the file itself is checked. False when not all of its tenants are known afterwards.
pub(crate) fn profile(
    reporter: &Reporter,
    references: &References<'_>,
    draft: Option<&mut Scenario>,
    node: &Node,
    findings: &mut Findings,
) -> bool {
    let Some(reader) = TableReader::open(reporter, &ROOT, &PROFILE, node) else { return false };
    let path = reader.text("path");
    let interval = reader.positive_span("interval");
    let scale = reader.get("scale").and_then(|node| millionths(reporter, "`scale`", &node));
    let (skip, compress) = (reader.span("skip"), reader.integer("compress"));
    let gaps = reader.word("gaps");
    let destination = references.destinations.find_or_only(&reader, "destination");
    let class = references.classes.find_or_only(&reader, "class");
    let segments = reader.get("segments").and_then(|node| sizes(reporter, &node));
    let validity = reader.positive_span("validity");
    let group = reader.name("group");
    let set = set(&reader, references.sets);
    let head = reader.head;
    reader.finish();
    let format = (|| {
        let (interval, compress) = (interval?, compress?);
        Some(ProfileFormat { interval, scale: scale?, skip: skip?, compress, gaps: gaps? })
    })();
    let source = (|| {
        Some(ProfileSource {
            destination: DestinationId(destination? as u16),
            class: ClassId(class? as u16),
            segments: segments?,
            validity,
            group: group?.text,
            set: set?.map(|position| TenantSetId(position as u32)),
        })
    })();
    let (Some(path), Some(format)) = (path, format) else { return false };
    let Some((name, bytes)) = read_file(reporter, references.base_directory, &path, findings)
    else {
        return false;
    };
    findings
        .inputs
        .push(InputFile { path_as_written: path.text.clone(), content_hash: content_hash(&bytes) });
    let rows = match read_profile(&bytes, &format) {
        Ok(rows) => rows,
        Err(errors) => {
            report_rows(reporter, &name, &bytes, &errors);
            return false;
        }
    };
    let (Some(draft), Some(source)) = (draft, source) else { return false };
    let declared = draft.tenants.len();
    match attach_profile(draft, rows, &format, &source) {
        Ok(()) => check_sets(reporter, draft, declared, head),
        Err(errors) => {
            report_rows(reporter, &name, &bytes, &errors);
            false
        }
    }
}

/// The set that is named. The outer `None` was reported.
fn set(reader: &TableReader<'_>, sets: &Names) -> Option<Option<usize>> {
    match reader.text("set") {
        Some(name) => sets.find(reader.reporter, &name).map(Some),
        None => (!reader.has("set")).then_some(None),
    }
}
