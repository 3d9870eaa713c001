//! `apportion sweep`

pub(super) mod outputs;
mod pictures;
mod shard;

use std::io::Write;
use std::path::{Path, PathBuf};

use super::compare::source;
use super::exit::{Failure, exit_of};
use super::load::{NotLoaded, choose_policy, load_for_run, with_registries};
use super::watchman::Watchman;
use super::{Exit, Global, OutputFormat};
use crate::experiment::{
    AxisFacts, Chosen, MetricFacts, Point, PointRecord, PrecisionFacts, Shard, Store, SweepFacts,
    SweepJob, SweepPlan, default_metrics, keys, points, sweep,
};
use crate::report::{Host, ManyManifest, ResultsFolder, ScenarioSource, run_folder};
use crate::scenario::{Loaded, Repeats, Scenario, Sweep as Wanted, resolve_text};
use crate::scheduler::PolicyInfo;
use outputs::write_outputs;

/// Run the points of a scenario's [sweep] table; what is there already is not run again
#[derive(Debug, clap::Args)]
pub(super) struct Sweep {
    /// The scenario file, with a [sweep] table
    scenario: PathBuf,
    /// Override a value of the scenario or of its sweep, for instance sweep.replications=3
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Run part I of N only, for `apportion merge`; `env` takes them from the variables of an array
    /// job, `env/N` where those do not tell how many there are
    #[arg(long, value_name = "I/N")]
    shard: Option<String>,
    /// Go on with an interrupted sweep: refuse if what is asked for has changed since
    #[arg(long, conflicts_with = "fresh")]
    resume: bool,
    /// Run again also what is there
    #[arg(long)]
    fresh: bool,
    /// Where records are kept until all are there, and found again
    /// [default: results/<scenario>/records, or <out>.records]
    #[arg(long, value_name = "DIR")]
    records: Option<PathBuf>,
}

/// The manifest of a sweep.
pub(super) type SweepManifest = ManyManifest<SweepFacts>;

impl Sweep {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        if global.format == OutputFormat::Github {
            return Err(Failure::usage("error: --format github is for `apportion check`"));
        }
        let shard = self.shard.as_deref().map(shard::parse).transpose()?;
        let loaded = load_for_run(&self.scenario, &self.set, global)?;
        let Some(wanted) = &loaded.sweep else {
            let path = self.scenario.display();
            let message = format!(
                "error: {path} has no [sweep] table; it says what varies: add one with a \
                 [[sweep.axis]] that has a `path` and `values`"
            );
            return Err(Failure::usage(message));
        };
        let found = points(wanted).map_err(|most| {
            Failure::usage(format!("error: a sobol design has at most {most} axes"))
        })?;
        if found.points.is_empty() {
            let message = "error: no point keeps all constraints";
            return Err(Failure::new(Exit::NothingSelected, message));
        }
        if let crate::scenario::Design::Sobol(count) = wanted.design
            && !count.is_power_of_two()
        {
            let better = count.next_power_of_two();
            global.note(&format!("note: a sobol design is balanced for powers of two: {better}"));
        }
        let scenarios = self.resolve(&loaded, wanted, &found.points, global)?;
        let policies =
            wanted.policies.iter().map(|name| choose_policy(Some(name), &loaded.scenario));
        let policies: Vec<&'static PolicyInfo> = policies.collect::<Result<_, _>>()?;
        let metrics = metrics(wanted, &loaded.scenario)?;
        for scenario in &scenarios {
            for chosen in &metrics {
                chosen
                    .check(scenario)
                    .map_err(|error| Failure::usage(format!("error: {chosen}: {error}")))?;
            }
        }
        let first_seed = loaded.scenario.seed;
        let jobs: Vec<SweepJob<'_>> = scenarios
            .iter()
            .enumerate()
            .flat_map(|(point, scenario)| {
                policies.iter().map(move |policy| SweepJob { point, scenario, policy })
            })
            .collect();
        let all_keys = keys(&jobs, &metrics, first_seed);
        let whole = facts(&loaded, wanted, &found, &metrics, &all_keys);
        self.run(global, output, &loaded, &found.points, (jobs, all_keys), &metrics, (whole, shard))
    }

    #[expect(clippy::too_many_arguments, reason = "what a sweep is made of, put together once")]
    fn run(
        &self,
        global: &Global,
        output: &mut dyn Write,
        loaded: &Loaded,
        found: &[Point],
        (jobs, all_keys): (Vec<SweepJob<'_>>, Vec<String>),
        metrics: &[Chosen],
        (whole, shard): (SweepFacts, Option<Shard>),
    ) -> Result<Exit, Failure> {
        let (jobs, own_keys): (Vec<SweepJob<'_>>, Vec<String>) = jobs
            .into_iter()
            .zip(all_keys)
            .filter(|(job, _)| shard.is_none_or(|shard| shard.has(job.point)))
            .unzip();
        let first_seed = loaded.scenario.seed;
        let target = self.target(global, loaded, shard);
        let mut folder = ResultsFolder::prepare(&target)?;
        let store = Store::open(&self.store_folder(global, loaded))?;
        let sources: Vec<ScenarioSource> = vec![source(loaded)];
        self.note_plan(&store, &SweepManifest::new("sweep", sources.clone(), whole.clone()))?;
        let watchman = Watchman::new(global, 0);
        let plan = SweepPlan {
            jobs: &jobs,
            keys: &own_keys,
            metrics,
            replications: whole.plan(),
            first_seed,
            threads: global.threads(),
            runs_all: self.fresh,
        };
        let swept = sweep(&plan, &store, &watchman, |runs| watchman.expect_more(runs));
        let wall_s = watchman.finish().as_secs_f64();
        let swept = match swept {
            Err(crate::experiment::Ended::Interrupted) => {
                let message = format!(
                    "interrupted: records so far are kept in {}; the same command goes on",
                    self.store_folder(global, loaded).display()
                );
                return Err(Failure::new(Exit::Interrupted, message));
            }
            other => other?,
        };
        let records: Vec<PointRecord> = jobs
            .iter()
            .zip(own_keys)
            .zip(swept.replications)
            .map(|((job, key), replications)| PointRecord {
                point: job.point,
                values: found[job.point].values.iter().map(|value| value.text.clone()).collect(),
                policy: job.policy.name.to_owned(),
                key,
                replications,
            })
            .collect();
        let facts = SweepFacts { shard, ..whole };
        let manifest = SweepManifest::new("sweep", sources, facts);
        let command = std::env::args().collect();
        let path = self.scenario.display().to_string();
        let host = Host::here(global.threads(), wall_s, command, path);
        let place = folder.target().display().to_string();
        let summary = write_outputs(&folder, &manifest, &host, &records)?;
        folder.commit()?;
        outputs::print(&summary, &place, global, output)?;
        let runs = watchman.done();
        global.note(&format!(
            "{runs} runs in {wall_s:.2} s; {} of {} records were there already",
            swept.found,
            records.len()
        ));
        Ok(outputs::exit(&summary, global))
    }

    /// Every point as a scenario; all that is wrong with any is reported before anything runs.
    fn resolve(
        &self,
        loaded: &Loaded,
        sweep: &Wanted,
        points: &[Point],
        global: &Global,
    ) -> Result<Vec<Scenario>, Failure> {
        let base = self.scenario.parent().unwrap_or(Path::new(""));
        let name = self.scenario.display().to_string();
        let mut scenarios = Vec::with_capacity(points.len());
        for (number, point) in points.iter().enumerate() {
            let changes = point.overrides(sweep);
            let overrides: Vec<String> = self.set.iter().chain(&changes).cloned().collect();
            let resolved = with_registries(|registries| {
                resolve_text(&name, &loaded.source, base, &overrides, registries)
            });
            let quiet = Global { quiet: true, ..global.clone() };
            let accepted =
                super::load::accept(resolved, &self.scenario, global.colouring(), &quiet);
            let resolved = accepted.map_err(|error| {
                let message = match error {
                    NotLoaded::MissingVariable(message) => message,
                    NotLoaded::Failed(failure) => failure.message().to_owned(),
                };
                let changes = changes.join(", ");
                Failure::usage(format!("{}\nat point {number}: {changes}", message.trim_end()))
            })?;
            scenarios.push(resolved.scenario);
        }
        Ok(scenarios)
    }

    fn target(&self, global: &Global, loaded: &Loaded, shard: Option<Shard>) -> PathBuf {
        if let Some(out) = &global.out {
            return out.clone();
        }
        let what = match shard {
            None => "sweep".to_owned(),
            Some(Shard { index, of }) => format!("sweep-{index}-of-{of}"),
        };
        let scenario = &loaded.scenario;
        run_folder(Path::new("results"), &scenario.name, &what, scenario.seed, &self.set)
    }

    fn store_folder(&self, global: &Global, loaded: &Loaded) -> PathBuf {
        if let Some(records) = &self.records {
            return records.clone();
        }
        match &global.out {
            Some(out) => {
                let mut name = out.clone().into_os_string();
                name.push(".records");
                PathBuf::from(name)
            }
            None => {
                let run = run_folder(Path::new("results"), &loaded.scenario.name, "sweep", 0, &[]);
                run.with_file_name("records")
            }
        }
    }

    /// Notes in the store which sweep it is used for; `--resume` refuses another one.
    fn note_plan(&self, store: &Store, manifest: &SweepManifest) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(manifest).map_err(std::io::Error::from)? + "\n";
        if self.resume
            && let Some(before) = store.plan()
            && before != text
        {
            let before: Option<SweepManifest> = serde_json::from_str(&before).ok();
            let what = before.map_or("its plan cannot be read".to_owned(), |before| {
                outputs::differences(&before, manifest).join(", ")
            });
            let message = format!(
                "error: this is not the sweep that was interrupted ({what}); without --resume it \
                 runs what is missing, with --fresh everything"
            );
            return Err(Failure::usage(message));
        }
        Ok(store.set_plan(&text)?)
    }
}

fn metrics(wanted: &Wanted, scenario: &Scenario) -> Result<Vec<Chosen>, Failure> {
    if wanted.metrics.is_empty() {
        return Ok(default_metrics(scenario));
    }
    let parse = |text: &String| {
        Chosen::parse(text, scenario)
            .map_err(|error| Failure::usage(format!("error: sweep.metrics: {text}: {error}")))
    };
    wanted.metrics.iter().map(parse).collect()
}

fn facts(
    loaded: &Loaded,
    wanted: &Wanted,
    found: &crate::experiment::Points,
    metrics: &[Chosen],
    keys: &[String],
) -> SweepFacts {
    let axis = |axis: &crate::scenario::Axis| AxisFacts {
        name: axis.name.clone(),
        path: axis.path.clone(),
    };
    // Without metrics of one's own the first of the usual ones decides, as in a comparison.
    let watched = if wanted.metrics.is_empty() { 1 } else { metrics.len() };
    let (replications, precision) = match wanted.repeats {
        Repeats::Fixed(n) => (n, None),
        Repeats::Until { precision, cap } => {
            (cap, Some(PrecisionFacts { relative: precision, metrics: watched }))
        }
    };
    SweepFacts {
        scenario: loaded.scenario.name.clone(),
        design: wanted.design.name().to_owned(),
        points: found.points.len(),
        excluded: found.excluded,
        axes: wanted.axes.iter().map(axis).collect(),
        policies: wanted.policies.clone(),
        metrics: metrics
            .iter()
            .map(|chosen| MetricFacts {
                metric: chosen.to_string(),
                unit: chosen.metric.unit.symbol().to_owned(),
            })
            .collect(),
        replications,
        precision,
        first_seed: loaded.scenario.seed.to_string(),
        records: crate::scenario::content_hash(keys.join("\n").as_bytes()),
        shard: None,
    }
}

impl From<crate::experiment::StoreError> for Failure {
    fn from(error: crate::experiment::StoreError) -> Self {
        Failure::new(Exit::InputOutput, format!("error: {error}"))
    }
}

impl From<crate::experiment::SweepError> for Failure {
    fn from(error: crate::experiment::SweepError) -> Self {
        use crate::experiment::SweepError;
        let exit = match &error {
            SweepError::Run { error, .. } => exit_of(error),
            SweepError::Store(_) => Exit::InputOutput,
        };
        Failure::new(exit, format!("error: {error}"))
    }
}
