//! Detectors × classes × strata on incidents whose truth is known.
//!
//! `cargo run --release --example scoreboard [CONFIG.json] [--seeds N] [--threads N] [--ablations]
//! [--calibrate NAME T1,T2,…] [--controls [SEEDS TENANTS]]`; the configuration is
//! `scenarios/detection/development.json` unless another is named; `--ablations` adds a second board, ours
//! against itself with parts switched off. `final.json` and `final-2.json` were for the end, and were run
//! (ARCHITECTURE.md has the figures): whoever develops against them has no scoreboard any more. A detector
//! whose development board is not the same to the last byte needs another, with seeds of its own, committed
//! before it is changed.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use apportion::detector::{DETECTORS, Part};
use apportion::experiment::scoreboard::{
    Contestant, print_board, print_mistakes, run, run_controls,
};
use apportion::model::incidents::{GeneratorConfig, controls};

fn main() -> ExitCode {
    match execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

fn execute() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut path = "scenarios/detection/development.json".to_owned();
    let mut threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut mistakes, mut ablations) = (false, false);
    let (mut seeds, mut contestants, mut quiet_tenants) = (None, Vec::new(), None);
    while let Some(argument) = arguments.next() {
        let mut number = |what: &str| -> Result<u64, String> {
            let text = arguments.next().ok_or(format!("{what} is missing"))?;
            text.parse().map_err(|_| format!("{what} is no number: `{text}`"))
        };
        match argument.as_str() {
            "--seeds" => seeds = Some(number("the number of seeds")?),
            "--mistakes" => mistakes = true,
            "--threads" => threads = number("the number of threads")? as usize,
            "--ablations" => ablations = true,
            "--calibrate" => {
                let name = arguments.next().ok_or("the name of a detector is missing")?;
                let info = DETECTORS
                    .iter()
                    .find(|info| info.name == name)
                    .ok_or(format!("there is no detector named `{name}`"))?;
                for threshold in arguments.next().unwrap_or_default().split(',') {
                    let threshold = threshold.parse().map_err(|_| "a threshold is a number")?;
                    contestants.push(Contestant::At(info.name, threshold));
                }
            }
            "--controls" => {
                quiet_tenants = Some((number("the number of seeds")?, number("tenants")?));
            }
            _ => path = argument,
        }
    }
    let threads = NonZeroUsize::new(threads).ok_or("at least one thread is needed")?;
    if let Some((seeds, tenants)) = quiet_tenants {
        println!(
            "{:<18}{:>8}{:>14}{:>22}",
            "control", "alerts", "tenant-days", "upper 95 % a t-day"
        );
        for control in controls() {
            let ours = Contestant::Shipped("scores");
            let found = run_controls(&ours, control, 5_001, seeds, tenants as u32, 7, threads);
            println!(
                "{:<18}{:>8}{:>14}{:>22.6}  {:?} {:?}",
                control.name(),
                found.alerts(),
                found.tenant_days,
                found.upper(),
                found.by_kind,
                found.by_day
            );
        }
        return Ok(());
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let mut config = GeneratorConfig::parse(&text).map_err(|error| format!("{path}: {error}"))?;
    config.seeds = seeds.unwrap_or(config.seeds);
    let all = contestants.is_empty();
    if all {
        contestants.extend(DETECTORS.iter().map(|info| match info.name {
            // What everybody has is 5 %, which pages busy tenants all day; compared is what keeps to the
            // same budget of false alarms as the others.
            "static-threshold" => Contestant::At(info.name, 0.26),
            name => Contestant::Shipped(name),
        }));
    }
    let verdicts = run(&config, &contestants, threads, all);
    print!("{}", print_board(&config, &contestants, &verdicts));
    if mistakes {
        print!("\n{}", print_mistakes(&config, &verdicts[0]));
    }
    if ablations {
        let contestants = with_parts_switched_off();
        let verdicts = run(&config, &contestants, threads, false);
        print!("\nours against itself with parts switched off\n\n");
        print!("{}", print_board(&config, &contestants, &verdicts));
    }
    Ok(())
}

/// All parts together first, so that the claims of this board are about what the combination is good for.
fn with_parts_switched_off() -> [Contestant; 5] {
    [
        Contestant::Shipped("scores"),
        Contestant::Without("failure only", vec![Part::Fluctuation]),
        Contestant::Without("fluctuation only", vec![Part::Failure]),
        Contestant::Without("without sparsity", vec![Part::Sparsity]),
        Contestant::Without("without grouping", vec![Part::Grouping]),
    ]
}
