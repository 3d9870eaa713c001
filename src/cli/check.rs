//! `apportion check`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::exit::Failure;
use super::load::{NotLoaded, choose_policy, load, quoted_path, set_arguments};
use super::{Exit, Global, OutputFormat};
use crate::experiment::{RunRequest, run};
use crate::report::{Outcome, Verdict, measured_against, render_github, render_junit};
use crate::scenario::Colouring;

/// Run scenarios and judge their checks, for CI
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Scenario files, or folders of them (not searched recursively)
    #[arg(default_value = "scenarios")]
    paths: Vec<PathBuf>,
    /// Also write the verdicts as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Override a value of every scenario
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

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
        match global.format {
            OutputFormat::Table => summarise(&verdicts, output)?,
            OutputFormat::Github => write!(output, "{}", render_github(&verdicts))?,
            OutputFormat::Json => write_json(&verdicts, output)?,
            OutputFormat::Md => write_markdown(&verdicts, output)?,
            OutputFormat::Csv => write_csv(&verdicts, output)?,
        }
        Ok(exit)
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
        let next = AtomicUsize::new(0);
        let work = || {
            let mut own = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = files.get(index) else { return own };
                own.push((index, self.judge(file, global)));
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
                let passed = checks.iter().all(|check| check.passed);
                verdict.outcome = Outcome::Judged { checks };
                (verdict, if passed { Exit::Done } else { Exit::CheckFailed })
            }
            Err(failure) => {
                let message = failure.message().to_owned();
                verdict.outcome = Outcome::Broken { message };
                (verdict, failure.exit())
            }
        }
    }
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
#[derive(serde::Serialize)]
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
            Outcome::Judged { checks } => rows.extend(checks.iter().map(|check| Row {
                check: &check.name,
                metric: &check.metric,
                of: &check.of,
                value: check.value,
                operator: &check.operator,
                bound: Some(check.bound),
                unit: &check.unit,
                passed: Some(check.passed),
                ..empty
            })),
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
