//! `apportion merge`

use std::io::Write;
use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::sweep::SweepManifest;
use super::sweep::outputs::{differences, exit, print, write_outputs};
use super::{Exit, Global, OutputFormat};
use crate::experiment::{Due, PointRecord, SweepFacts, due};
use crate::report::{Host, ResultsFolder, recover, run_folder};
use crate::scenario::content_hash;

/// Put the parts of a sharded sweep together: the same bytes as from one sweep
#[derive(Debug, clap::Args)]
pub(super) struct Merge {
    /// The results folders of all parts
    #[arg(required = true)]
    parts: Vec<PathBuf>,
}

/// One part.
struct Part {
    path: PathBuf,
    manifest: SweepManifest,
    records: Vec<PointRecord>,
}

impl Merge {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        if global.format == OutputFormat::Github {
            return Err(Failure::usage("error: --format github is for `apportion check`"));
        }
        let parts: Vec<Part> =
            self.parts.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
        let manifest = check_parts(&parts)?;
        let mut records: Vec<PointRecord> =
            parts.into_iter().flat_map(|part| part.records).collect();
        let place = |policy: &str| manifest.plan.policies.iter().position(|one| one == policy);
        records.sort_by_key(|record| (record.point, place(&record.policy)));
        check_records(&manifest.plan, &records)?;
        let source = &manifest.scenarios[0];
        let target = global.out.clone().unwrap_or_else(|| {
            let seed = manifest.plan.first_seed.parse().unwrap_or_default();
            run_folder(Path::new("results"), &source.name, "sweep", seed, &source.overrides)
        });
        let mut folder = ResultsFolder::prepare(&target)?;
        let command = std::env::args().collect();
        let host = Host::here(1, 0.0, command, String::new());
        let place = folder.target().display().to_string();
        let summary = write_outputs(&folder, &manifest, &host, &records)?;
        folder.commit()?;
        print(&summary, &place, global, output)?;
        Ok(exit(&summary, global))
    }
}

fn read(path: &Path) -> Result<Part, Failure> {
    recover(path)?;
    let broken =
        |why: String| Failure::new(Exit::InputOutput, format!("error: {}: {why}", path.display()));
    let manifest = SweepManifest::read(path).map_err(|error| match error {
        crate::report::ReportError::Json { .. } => broken("is no part of a sweep".to_owned()),
        other => Failure::from(other),
    })?;
    if manifest.kind != "sweep" || manifest.scenarios.len() != 1 {
        return Err(broken(format!("is the result of `{}`, not of a sweep", manifest.kind)));
    }
    let file = path.join("records.jsonl");
    let text = std::fs::read_to_string(&file)
        .map_err(|error| broken(format!("records.jsonl: {error}")))?;
    let record = |(number, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|error| broken(format!("records.jsonl:{}: {error}", number + 1)))
    };
    let records = text.lines().enumerate().map(record).collect::<Result<_, _>>()?;
    Ok(Part { path: path.to_path_buf(), manifest, records })
}

/// Whether the parts are those of one sweep, each once; its manifest.
fn check_parts(parts: &[Part]) -> Result<SweepManifest, Failure> {
    let first = &parts[0];
    let as_whole = |manifest: &SweepManifest| {
        let mut manifest = manifest.clone();
        manifest.plan.shard = None;
        manifest
    };
    let whole = as_whole(&first.manifest);
    for part in &parts[1..] {
        let own = as_whole(&part.manifest);
        if own != whole {
            let mut what = differences(&whole, &own);
            if what.is_empty() {
                what.push("other inputs".to_owned());
            }
            return Err(Failure::usage(format!(
                "error: {} and {} are not parts of one sweep: {}",
                first.path.display(),
                part.path.display(),
                what.join(", ")
            )));
        }
    }
    let shards: Vec<(usize, usize)> = parts
        .iter()
        .map(|part| part.manifest.plan.shard.map_or((1, 1), |shard| (shard.index, shard.of)))
        .collect();
    let of = shards[0].1;
    if let Some(position) = shards.iter().position(|(_, other)| *other != of) {
        return Err(Failure::usage(format!(
            "error: {} is a part of {}, {} one of {}",
            parts[0].path.display(),
            of,
            parts[position].path.display(),
            shards[position].1
        )));
    }
    for (position, shard) in shards.iter().enumerate() {
        if let Some(before) = shards[..position].iter().position(|other| other == shard) {
            return Err(Failure::usage(format!(
                "error: {} and {} are both part {} of {of}",
                parts[before].path.display(),
                parts[position].path.display(),
                shard.0
            )));
        }
    }
    let missing: Vec<String> = (1..=of)
        .filter(|index| !shards.contains(&(*index, of)))
        .map(|index| index.to_string())
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Err(Failure::usage(format!("error: of {of} parts, {missing} missing")));
    }
    Ok(whole)
}

/// Whether every record is there, once and whole.
fn check_records(facts: &SweepFacts, records: &[PointRecord]) -> Result<(), Failure> {
    let broken = |why: String| Failure::new(Exit::InputOutput, format!("error: {why}"));
    let policies = facts.policies.len();
    for (index, record) in records.iter().enumerate() {
        let (point, policy) = (index / policies, &facts.policies[index % policies]);
        if record.point != point || record.policy != *policy {
            return Err(broken(format!("the record of point {point}, policy {policy} is missing")));
        }
        let there = record.replications.len();
        let whole = matches!(due(facts.plan(), &record.replications), Due::Ended(n, _) if n == there)
            && record.replications.iter().all(|one| one.values.len() == facts.metrics.len())
            && record.values.len() == facts.axes.len();
        if !whole {
            return Err(broken(format!(
                "the record of point {point}, policy {policy} is not whole"
            )));
        }
    }
    let keys: Vec<&str> = records.iter().map(|record| record.key.as_str()).collect();
    if records.len() != facts.points * policies
        || content_hash(keys.join("\n").as_bytes()) != facts.records
    {
        return Err(broken("the records are not those that the sweep asked for".to_owned()));
    }
    Ok(())
}
