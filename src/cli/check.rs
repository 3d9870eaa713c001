//! `apportion check`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::compare::worded;
use super::exit::Failure;
use super::load::{NotLoaded, choose_policy, load, quoted_path, set_arguments};
use super::{Exit, Global, OutputFormat};
use crate::experiment::{
    Baseline, Ended, RunError, RunRequest, judge_baseline, record_baseline, run,
};
use crate::measure::CheckResult;
use crate::report::{
    Host, ManyManifest, Outcome, ResultsFolder, Verdict, measured_against, render_github,
    render_junit, write_many,
};
use crate::scenario::{Colouring, Scenario};

/// Run scenarios and judge their checks, for CI
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Scenario files, or folders of them (not searched recursively)
    #[arg(default_value = "scenarios")]
    paths: Vec<PathBuf>,
    /// Compare with the baselines in this folder, which must be there; without it those in
    /// results/baselines count where there are any
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = BASELINES)]
    baseline: Option<PathBuf>,
    /// Record baselines instead of comparing with them
    #[arg(long)]
    update: bool,
    /// Runs that a recorded baseline has
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=10_000), requires = "update")]
    replications: u32,
    /// Also write the verdicts as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Override a value of every scenario
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

/// Where baselines are looked for.
const BASELINES: &str = "results/baselines";

impl Check {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        let files = self.files()?;
        if files.is_empty() {
            let message = "error: no scenario here: a scenario is a file that ends in .toml";
            return Err(Failure::new(Exit::NothingSelected, message));
        }
        let verdicts = self.judge_all(&files, global);
        let mut exit = Exit::Done;
        for (verdict, own) in &verdicts {
            exit = exit.worse(*own);
            if global.format == OutputFormat::Table {
                print(verdict, output)?;
            }
        }
        let verdicts: Vec<Verdict> = verdicts.into_iter().map(|(verdict, _)| verdict).collect();
        if let Some(path) = &self.junit {
            std::fs::write(path, render_junit(&verdicts)).map_err(|error| {
                Failure::new(Exit::InputOutput, format!("error: {}: {error}", path.display()))
            })?;
        }
        if let Some(target) = &global.out {
            self.keep(target, &verdicts, global)?;
        }
        match global.format {
            OutputFormat::Table => summarise(&verdicts, output)?,
            OutputFormat::Github => write!(output, "{}", render_github(&verdicts))?,
            OutputFormat::Json => write_json(&verdicts, output)?,
            OutputFormat::Md => write_markdown(&verdicts, output)?,
            OutputFormat::Csv => write_csv(&verdicts, output)?,
        }
        Ok(exit)
    }

    /// Writes the verdicts into a folder of their own.
    fn keep(&self, target: &Path, verdicts: &[Verdict], global: &Global) -> Result<(), Failure> {
        let mut folder = ResultsFolder::prepare(target)?;
        let (mut json, mut csv, mut markdown) = (Vec::new(), Vec::new(), Vec::new());
        write_json(verdicts, &mut json)?;
        write_csv(verdicts, &mut csv)?;
        write_markdown(verdicts, &mut markdown)?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let files = [
            ("verdicts.json".to_owned(), text(json)),
            ("verdicts.csv".to_owned(), text(csv)),
            ("verdicts.md".to_owned(), text(markdown)),
            ("junit.xml".to_owned(), render_junit(verdicts)),
        ];
        let checked: Vec<&str> = verdicts.iter().map(|verdict| verdict.file.as_str()).collect();
        let manifest = ManyManifest::new("check", Vec::new(), (checked, &self.set));
        let host = Host::here(global.threads(), 0.0, std::env::args().collect(), String::new());
        write_many(&folder, &manifest, &host, &files, &[])?;
        Ok(folder.commit()?)
    }

    fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        for path in &self.paths {
            let failed = |error| {
                Failure::new(Exit::InputOutput, format!("error: {}: {error}", path.display()))
            };
            if !path.is_dir() {
                files.push(path.clone());
                continue;
            }
            let mut here: Vec<PathBuf> = Vec::new();
            for entry in std::fs::read_dir(path).map_err(failed)? {
                let file = entry.map_err(failed)?.path();
                if file.extension().is_some_and(|extension| extension == "toml") {
                    here.push(file);
                }
            }
            here.sort();
            files.extend(here);
        }
        Ok(files)
    }

    /// Judges the files on all threads; verdicts come in the order of the files.
    fn judge_all(&self, files: &[PathBuf], global: &Global) -> Vec<(Verdict, Exit)> {
        let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            let mut own = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = files.get(index) else { return own };
                let judged = self.judge(file, global);
                if files.len() > 1 {
                    let done = finished.fetch_add(1, Ordering::Relaxed) + 1;
                    global.note(&format!("{done} of {}: {}", files.len(), judged.0.scenario));
                }
                own.push((index, judged));
            }
        };
        let mut found: Vec<(usize, (Verdict, Exit))> = std::thread::scope(|scope| {
            let threads = global.threads().min(files.len());
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let results = workers.into_iter().map(|worker| match worker.join() {
                Ok(own) => own,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            results.flatten().collect()
        });
        found.sort_by_key(|(index, _)| *index);
        found.into_iter().map(|(_, verdict)| verdict).collect()
    }

    fn judge(&self, file: &Path, global: &Global) -> (Verdict, Exit) {
        let mut verdict = Verdict {
            scenario: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            file: file.display().to_string(),
            reproduce: format!("apportion run {}{}", quoted_path(file), set_arguments(&self.set)),
            outcome: Outcome::Skipped { reason: String::new() },
            remarks: Vec::new(),
        };
        // Its errors go into files and annotations, where colour would be control characters.
        let loaded = match load(file, &self.set, Colouring::Plain, global) {
            Ok(loaded) => loaded,
            Err(NotLoaded::MissingVariable(reason)) => {
                verdict.outcome = Outcome::Skipped { reason };
                return (verdict, Exit::Done);
            }
            Err(NotLoaded::Failed(failure)) => {
                let message = failure.message().to_owned();
                verdict.outcome = Outcome::Broken { message };
                return (verdict, failure.exit());
            }
        };
        verdict.scenario.clone_from(&loaded.scenario.name);
        let result = choose_policy(None, &loaded.scenario).and_then(|policy| {
            let request = RunRequest {
                scenario: &loaded.scenario,
                policy,
                seed: loaded.scenario.seed,
                keeps_messages: false,
            };
            run(request, &mut ()).map_err(Failure::from)
        });
        match result {
            Ok(result) => {
                let checks = result.findings.summary.checks;
                let digest = result.findings.summary.digest;
                let mut checks = checks;
                if checks.iter().all(|check| check.passed) {
                    // Only the baseline can make it fail now, and a run does not look at that.
                    verdict.reproduce = self.command(file);
                }
                let gated = self.gate(&loaded.scenario, &digest, &mut checks, &mut verdict.remarks);
                let passed = checks.iter().all(|check| check.passed);
                verdict.outcome = Outcome::Judged { checks };
                let own = if passed { Exit::Done } else { Exit::CheckFailed };
                match gated {
                    Ok(gated) => (verdict, own.worse(gated)),
                    Err(failure) => {
                        let message = failure.message().to_owned();
                        verdict.outcome = Outcome::Broken { message };
                        (verdict, own.worse(failure.exit()))
                    }
                }
            }
            Err(failure) => {
                let message = failure.message().to_owned();
                verdict.outcome = Outcome::Broken { message };
                (verdict, failure.exit())
            }
        }
    }
}

impl Check {
    /// What judges a file again as it is judged now.
    fn command(&self, file: &Path) -> String {
        let mut command = format!("apportion check {}", quoted_path(file));
        if let Some(folder) = &self.baseline {
            command.push_str(&format!(" --baseline {}", quoted_path(folder)));
        }
        command + &set_arguments(&self.set)
    }

    /// Compares with the scenario's baseline, or records it; a metric that got worse becomes a check
    /// that failed.
    fn gate(
        &self,
        scenario: &Scenario,
        digest: &str,
        checks: &mut Vec<CheckResult>,
        remarks: &mut Vec<String>,
    ) -> Result<Exit, Failure> {
        let folder = self.baseline.clone().unwrap_or_else(|| PathBuf::from(BASELINES));
        let path = folder.join(format!("{}.json", scenario.name));
        let policy = choose_policy(None, scenario)?;
        // Scenarios are judged side by side already.
        let record = |replications| {
            record_baseline(scenario, policy, replications, 1, &())
                .map_err(|ended| Failure::from(unboxed(ended)))
        };
        if self.update {
            let baseline = record(self.replications as usize)?;
            write_baseline(&path, &baseline)?;
            remarks.push(format!("baseline recorded in {}", path.display()));
            return Ok(Exit::Done);
        }
        let Some(before) = read_baseline(&path)? else {
            let missing = self.baseline.is_some();
            if missing || folder.exists() {
                remarks.push(format!("no baseline in {}; --update records one", path.display()));
            }
            return Ok(if missing { Exit::NothingSelected } else { Exit::Done });
        };
        if before.policy != policy.name || before.first_seed != scenario.seed.to_string() {
            let why = "is of another policy or seed; --update records it anew";
            return Err(Failure::usage(format!("error: {}: {why}", path.display())));
        }
        let now = record(before.digests.len())?;
        if now.digests.first().map(String::as_str) != Some(digest) {
            let message = format!("error: {}: the same seed gave two digests", scenario.name);
            return Err(Failure::new(Exit::Nondeterministic, message));
        }
        let report = judge_baseline(scenario, &before, &now);
        for figures in &report.metrics {
            let words = format!(
                "{}: {} before, {} now",
                figures.metric,
                worded(figures.before, figures.unit),
                worded(figures.after, figures.unit)
            );
            match figures.outcome {
                "inconclusive" => remarks.push(format!("not decided: {words}")),
                "pass" if figures.is_improved => remarks.push(format!("better: {words}")),
                "fail" => checks.push(CheckResult {
                    name: format!("no worse than the baseline ({words})"),
                    metric: figures.metric.clone(),
                    of: "the baseline".to_owned(),
                    value: Some(figures.after),
                    operator: if figures.after > figures.before { "<=" } else { ">=" }.to_owned(),
                    bound: figures.before,
                    unit: figures.unit.to_owned(),
                    censored: false,
                    passed: false,
                    line: scenario
                        .checks
                        .iter()
                        .find(|check| figures.metric.starts_with(&check.metric))
                        .map_or(1, |check| check.line),
                }),
                _ => {}
            }
        }
        let n = report.n;
        remarks.push(format!("against the baseline, {n} replications: {}", report.verdict));
        if let Some(needed) = report.replications_needed {
            remarks.push(format!("about {needed} replications would decide: record so many"));
        }
        Ok(match report.verdict {
            "fail" => Exit::CheckFailed,
            "inconclusive" => Exit::Inconclusive,
            _ => Exit::Done,
        })
    }
}

fn unboxed(ended: Ended<Box<RunError>>) -> Ended<RunError> {
    match ended {
        Ended::Failed(error) => Ended::Failed(*error),
        Ended::Interrupted => Ended::Interrupted,
    }
}

fn read_baseline(path: &Path) -> Result<Option<Baseline>, Failure> {
    let failed =
        |why: String| Failure::new(Exit::InputOutput, format!("error: {}: {why}", path.display()));
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| failed(error.to_string()))?,
    };
    serde_json::from_str(&text).map(Some).map_err(|error| failed(error.to_string()))
}

/// Old or new, never half.
fn write_baseline(path: &Path, baseline: &Baseline) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::InputOutput, format!("error: {}: {error}", path.display()))
    };
    let text = serde_json::to_string_pretty(baseline).map_err(|error| failed(error.into()))? + "\n";
    let own = path.with_extension(format!("json.{}", std::process::id()));
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&own, text))
        .and_then(|()| std::fs::rename(&own, path));
    written.map_err(failed)
}

fn print(verdict: &Verdict, output: &mut dyn Write) -> Result<(), Failure> {
    let name = &verdict.scenario;
    match &verdict.outcome {
        Outcome::Skipped { reason } => writeln!(output, "- {name}: skipped: {reason}")?,
        Outcome::Broken { message } => {
            writeln!(output, "✗ {name}\n{}", message.trim_end())?;
            writeln!(output, "  reproduce: {}", verdict.reproduce)?;
        }
        Outcome::Judged { checks } => {
            let failed = verdict.failed().count();
            let mark = if failed == 0 { '✓' } else { '✗' };
            writeln!(
                output,
                "{mark} {name}: {} of {} checks passed",
                checks.len() - failed,
                checks.len()
            )?;
            for check in verdict.failed() {
                let place = format!("{}:{}", verdict.file, check.line);
                writeln!(
                    output,
                    "  ✗ {}: {} of {}: {}  ({place})",
                    check.name,
                    check.metric,
                    check.of,
                    measured_against(check)
                )?;
            }
            for remark in &verdict.remarks {
                writeln!(output, "  {remark}")?;
            }
            if failed > 0 {
                writeln!(output, "  reproduce: {}", verdict.reproduce)?;
            }
        }
    }
    Ok(())
}

fn summarise(verdicts: &[Verdict], output: &mut dyn Write) -> Result<(), Failure> {
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for verdict in verdicts {
        match &verdict.outcome {
            Outcome::Skipped { .. } => skipped += 1,
            Outcome::Broken { .. } => failed += 1,
            Outcome::Judged { .. } if verdict.failed().next().is_some() => failed += 1,
            Outcome::Judged { .. } => passed += 1,
        }
    }
    Ok(writeln!(output, "{passed} passed, {failed} failed, {skipped} skipped")?)
}

/// A row a check, for machines.
#[derive(Clone, Copy, serde::Serialize)]
struct Row<'a> {
    scenario: &'a str,
    outcome: &'static str,
    check: &'a str,
    metric: &'a str,
    of: &'a str,
    value: Option<f64>,
    operator: &'a str,
    bound: Option<f64>,
    unit: &'a str,
    passed: Option<bool>,
    message: &'a str,
}

fn rows(verdicts: &[Verdict]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for verdict in verdicts {
        let empty = Row {
            scenario: &verdict.scenario,
            outcome: "judged",
            check: "",
            metric: "",
            of: "",
            value: None,
            operator: "",
            bound: None,
            unit: "",
            passed: None,
            message: "",
        };
        match &verdict.outcome {
            Outcome::Skipped { reason } => {
                rows.push(Row { outcome: "skipped", message: reason, ..empty });
            }
            Outcome::Broken { message } => rows.push(Row { outcome: "broken", message, ..empty }),
            Outcome::Judged { checks } => {
                let remarks = verdict.remarks.iter();
                rows.extend(checks.iter().map(|check| Row {
                    check: &check.name,
                    metric: &check.metric,
                    of: &check.of,
                    value: check.value,
                    operator: &check.operator,
                    bound: Some(check.bound),
                    unit: &check.unit,
                    passed: Some(check.passed),
                    ..empty
                }));
                rows.extend(remarks.map(|message| Row { outcome: "remark", message, ..empty }));
            }
        }
    }
    rows
}

fn write_json(verdicts: &[Verdict], output: &mut dyn Write) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(&rows(verdicts)).map_err(std::io::Error::from)?;
    Ok(writeln!(output, "{text}")?)
}

fn write_csv(verdicts: &[Verdict], output: &mut dyn Write) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(output);
    for row in rows(verdicts) {
        writer.serialize(row).map_err(std::io::Error::from)?;
    }
    Ok(writer.flush()?)
}

fn write_markdown(verdicts: &[Verdict], output: &mut dyn Write) -> Result<(), Failure> {
    writeln!(output, "| scenario | check | measured | |\n|---|---|---|---|")?;
    for verdict in verdicts {
        let name = &verdict.scenario;
        match &verdict.outcome {
            Outcome::Skipped { reason } => writeln!(output, "| {name} | skipped | {reason} | |")?,
            Outcome::Broken { .. } => writeln!(output, "| {name} | did not run | | ✗ |")?,
            Outcome::Judged { checks } => {
                for check in checks {
                    let mark = if check.passed { "✓" } else { "✗" };
                    let measured = measured_against(check);
                    writeln!(output, "| {name} | {} | {measured} | {mark} |", check.name)?;
                }
            }
        }
    }
    Ok(())
}
