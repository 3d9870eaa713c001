//! `apportion compare`

mod files;
mod pictures;
mod sections;
mod table;

pub(super) use table::worded;

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::exit::Failure;
use super::load::{choose_policy, inputs, load_for_run, quoted_path};
use super::watchman::Watchman;
use super::{Exit, Global, OutputFormat};
use crate::experiment::statistics::{Level, StoppingRule};
use crate::experiment::{
    Chosen, Comparison, ComparisonPlan, Contestant, IsolationPlan, Replications, Stopped, compare,
    default_metrics, isolation, isolation_runs,
};
use crate::report::{
    Host, ManyManifest, ResultsFolder, ScenarioSource, quoted, run_folder, write_many,
};
use crate::scenario::{Loaded, parse_part};
use crate::scheduler::{POLICIES, PolicyInfo};

/// Compare policies or configurations on the same luck: what differs, by how much, how sure
#[derive(Debug, clap::Args)]
pub(super) struct Compare {
    /// The scenario files; each is compared by itself
    #[arg(required = true)]
    scenarios: Vec<PathBuf>,
    /// The policies, with commas between; `all` for all of them [default: the scenario's]
    #[arg(long, value_delimiter = ',', value_name = "P,...")]
    policies: Vec<String>,
    /// Also run this scenario, for instance with another quota, and compare it
    #[arg(long, value_name = "FILE")]
    against: Vec<PathBuf>,
    /// Also run the scenario with this changed, and compare it; several changes with `;` between
    #[arg(long, value_name = "PATH=VALUE[;...]")]
    variant: Vec<String>,
    /// Override a value of every scenario
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// What differences are taken against [default: the first]
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// Runs of each; replication k has the same seed in all
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    replications: u32,
    /// Instead: as many as it takes to know the first metric, or all that are named, this well
    #[arg(long, value_name = "PART", conflicts_with = "replications")]
    precision: Option<String>,
    /// At most so many for --precision; not enough is inconclusive (exit 3)
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    cap: u32,
    /// What is measured, such as dwell_p99:tenant=small [default: what the checks bound, and the usual]
    #[arg(long, value_name = "M[:WHO=NAME,...]")]
    metric: Vec<String>,
    /// Also run tenants alone, on the same luck: what does the company of the others cost them?
    #[arg(long)]
    isolation: bool,
    /// With --isolation: also let this tenant or population send more
    #[arg(long, value_name = "TENANT", requires = "isolation")]
    aggressor: Option<String>,
    /// How many times as much the aggressor sends
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=1000), requires = "aggressor")]
    times: u64,
    /// With --isolation: at most so many tenants are run alone, some of each population
    #[arg(long, value_name = "N", default_value_t = 64)]
    most_tenants: usize,
    /// Also judge the first run of each by itself: its mean dwell, with an interval from batches
    #[arg(long)]
    batch_means: bool,
    /// The seed of the first replication [default: the scenario's]
    #[arg(long)]
    seed: Option<u64>,
    /// The level of the intervals
    #[arg(long, value_name = "PART", default_value = "95%")]
    level: String,
}

/// What `manifest.json` says of the plan.
#[derive(Serialize)]
struct Plan<'a> {
    contestants: &'a [String],
    policies: Vec<&'a str>,
    baseline: &'a str,
    metrics: Vec<String>,
    replications: usize,
    precision: Option<&'a str>,
    level: f64,
    first_seed: String,
}

impl Compare {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        if global.format == OutputFormat::Github {
            return Err(Failure::usage("error: --format github is for `apportion check`"));
        }
        let is_one = self.scenarios.len() == 1;
        if !is_one && global.out.is_some() {
            return Err(Failure::usage("error: --out names one folder; give it one scenario"));
        }
        let mut exit = Exit::Done;
        let mut comparisons = Vec::new();
        for path in &self.scenarios {
            let (comparison, place) = self.compare_one(path, global)?;
            if comparison.stopped == Stopped::Capped {
                let reproduce = format!("apportion compare {}", quoted_path(path));
                global.note(&format!(
                    "{}: not precise after {} replications: inconclusive; try {reproduce} with a \
                     higher --cap",
                    comparison.scenario, comparison.replications
                ));
                exit = exit.worse(Exit::Inconclusive);
            }
            if global.format == OutputFormat::Table {
                table::print(&comparison, &place, global, output)?;
            }
            comparisons.push(comparison);
        }
        match global.format {
            OutputFormat::Json => {
                let text =
                    serde_json::to_string_pretty(&comparisons).map_err(std::io::Error::from)?;
                writeln!(output, "{text}")?;
            }
            OutputFormat::Csv => write!(output, "{}", files::csv(&comparisons)?)?,
            OutputFormat::Md => {
                for comparison in &comparisons {
                    write!(output, "{}", table::markdown(comparison))?;
                }
            }
            OutputFormat::Table | OutputFormat::Github => {}
        }
        Ok(exit)
    }

    fn compare_one(&self, path: &Path, global: &Global) -> Result<(Comparison, String), Failure> {
        let loaded = self.load_all(path, global)?;
        let first = &loaded[0].1;
        let policies = self.chosen_policies(first)?;
        let mut names = Vec::new();
        for (variant, _) in &loaded {
            for policy in &policies {
                names.push(match (loaded.len(), policies.len()) {
                    (1, _) => policy.name.to_owned(),
                    (_, 1) => variant.clone(),
                    _ => format!("{} {variant}", policy.name),
                });
            }
        }
        let mut distinct = names.clone();
        distinct.sort();
        distinct.dedup();
        if distinct.len() < names.len() {
            return Err(Failure::usage("error: two of those compared have the same name"));
        }
        let pairs = loaded.iter().flat_map(|(_, one)| policies.iter().map(move |p| (one, *p)));
        let contestants: Vec<Contestant<'_>> = names
            .iter()
            .zip(pairs)
            .map(|(name, (one, policy))| Contestant { name, scenario: &one.scenario, policy })
            .collect();
        let baseline = match &self.baseline {
            None => 0,
            Some(name) => names.iter().position(|one| one == name).ok_or_else(|| {
                let known = names.join(", ");
                Failure::usage(format!("error: --baseline {name}: there are {known}"))
            })?,
        };
        let metrics = self.metrics(&first.scenario)?;
        let level = part(&self.level, "--level")?;
        let level = Level::new(level).ok_or_else(|| {
            Failure::usage("error: --level is a part of one above 0 and below 1, such as 95%")
        })?;
        let (replications, most) = self.replications(level, metrics.len())?;
        let seed = self.seed.unwrap_or(first.scenario.seed);
        let target = global.out.clone().unwrap_or_else(|| {
            run_folder(
                Path::new("results"),
                &first.scenario.name,
                "compare",
                seed,
                &self.key(&names),
            )
        });
        let mut folder = ResultsFolder::prepare(&target)?;
        let aggressor = self.aggressor.as_deref().map(|name| (name, self.times));
        if let Some((name, _)) = aggressor
            && first.scenario.tenants_named(name).next().is_none()
        {
            return Err(Failure::usage(format!(
                "error: --aggressor {name}: there is no such tenant"
            )));
        }
        let watchman = Watchman::new(global, most * contestants.len());
        let plan = ComparisonPlan {
            contestants: &contestants,
            baseline,
            metrics: &metrics,
            replications,
            level,
            seed,
            threads: global.threads(),
            judges_first_run: self.batch_means,
        };
        let compared = compare(&plan, &watchman).and_then(|mut comparison| {
            if self.isolation {
                let plan = IsolationPlan {
                    scenario: &first.scenario,
                    policies: &policies,
                    most_tenants: self.most_tenants.max(1),
                    aggressor,
                    replications: comparison.replications,
                    level,
                    seed,
                    threads: global.threads(),
                };
                watchman.expect_more(isolation_runs(&plan));
                comparison.isolation = Some(isolation(&plan, &watchman)?);
            }
            Ok(comparison)
        });
        let wall_s = watchman.finish().as_secs_f64();
        let comparison = compared?;
        let manifest = Plan {
            contestants: &names,
            policies: policies.iter().map(|policy| policy.name).collect(),
            baseline: &comparison.baseline,
            metrics: metrics.iter().map(Chosen::to_string).collect(),
            replications: comparison.replications,
            precision: self.precision.as_deref(),
            level: level.get(),
            first_seed: seed.to_string(),
        };
        let sources = loaded.iter().map(|(_, one)| source(one)).collect();
        let manifest = ManyManifest::new("compare", sources, manifest);
        let command = std::env::args().collect();
        let host = Host::here(global.threads(), wall_s, command, path.display().to_string());
        let files = files::all(&comparison)?;
        let pictures = pictures::pictures(&comparison)?;
        write_many(&folder, &manifest, &host, &files, &pictures)?;
        folder.commit()?;
        let runs = watchman.done();
        global.note(&format!("{runs} runs in {wall_s:.2} s: {:.1} runs/s", runs as f64 / wall_s));
        Ok((comparison, folder.target().display().to_string()))
    }

    /// The scenario and all it is compared with, each with its name.
    fn load_all(&self, path: &Path, global: &Global) -> Result<Vec<(String, Loaded)>, Failure> {
        let first = load_for_run(path, &self.set, global)?;
        let mut all = vec![(first.scenario.name.clone(), first)];
        for variant in &self.variant {
            let changes = variant.split(';').map(|change| change.trim().to_owned());
            let overrides: Vec<String> = self.set.iter().cloned().chain(changes).collect();
            // Its changes are overrides like those of `--set`, and told of as such.
            let loaded = load_for_run(path, &overrides, global).map_err(|failure| {
                let message = failure.message();
                Failure::new(
                    failure.exit(),
                    format!("in --variant {}:\n{message}", quoted(variant)),
                )
            })?;
            all.push((variant.clone(), loaded));
        }
        for file in &self.against {
            let loaded = load_for_run(file, &self.set, global)?;
            all.push((loaded.scenario.name.clone(), loaded));
        }
        Ok(all)
    }

    fn chosen_policies(&self, loaded: &Loaded) -> Result<Vec<&'static PolicyInfo>, Failure> {
        if self.policies.is_empty() {
            return Ok(vec![choose_policy(None, &loaded.scenario)?]);
        }
        if self.policies == ["all"] {
            return Ok(POLICIES.iter().collect());
        }
        let mut chosen: Vec<&'static PolicyInfo> = Vec::new();
        for name in &self.policies {
            let policy = choose_policy(Some(name.trim()), &loaded.scenario)?;
            if chosen.iter().any(|one| one.name == policy.name) {
                return Err(Failure::usage(format!("error: --policies names {name} twice")));
            }
            chosen.push(policy);
        }
        Ok(chosen)
    }

    fn metrics(&self, scenario: &crate::scenario::Scenario) -> Result<Vec<Chosen>, Failure> {
        if self.metric.is_empty() {
            return Ok(default_metrics(scenario));
        }
        let parse = |text: &String| {
            Chosen::parse(text, scenario)
                .map_err(|error| Failure::usage(format!("error: --metric {text}: {error}")))
        };
        self.metric.iter().map(parse).collect()
    }

    /// How many, and how many at most.
    fn replications(&self, level: Level, metrics: usize) -> Result<(Replications, usize), Failure> {
        let fixed = self.replications as usize;
        let Some(precision) = &self.precision else {
            return Ok((Replications::Fixed(fixed), fixed));
        };
        let relative = part(precision, "--precision")?;
        if relative <= 0.0 || relative > 0.5 {
            let message = "error: --precision is a part of the mean, such as 2%, at most 50%";
            return Err(Failure::usage(message));
        }
        let cap = self.cap as usize;
        let rule = StoppingRule { level, cap, ..StoppingRule::to_relative_precision(relative) };
        let watched = if self.metric.is_empty() { 1 } else { metrics };
        Ok((Replications::Until(rule, watched), cap))
    }

    /// What tells the folder of this comparison from that of another.
    fn key(&self, names: &[String]) -> Vec<String> {
        let against = self.against.iter().map(|path| format!("against={}", path.display()));
        let metrics = self.metric.iter().map(|metric| format!("metric={metric}"));
        let own = [format!(
            "baseline={:?} level={} isolation={} aggressor={:?} batch-means={}",
            self.baseline, self.level, self.isolation, self.aggressor, self.batch_means
        )];
        self.set
            .iter()
            .cloned()
            .chain(names.iter().cloned())
            .chain(against)
            .chain(metrics)
            .chain(own)
            .collect()
    }
}

/// A scenario as it stands in a manifest.
pub(super) fn source(loaded: &Loaded) -> ScenarioSource {
    ScenarioSource {
        name: loaded.scenario.name.clone(),
        text: loaded.source.clone(),
        overrides: loaded.overrides.clone(),
        inputs: inputs(loaded),
    }
}

/// A part of one: `0.02` or `2%`.
pub(super) fn part(text: &str, what: &str) -> Result<f64, Failure> {
    parse_part(text).map_err(|error| Failure::usage(format!("error: {what} {text}: {error}")))
}
