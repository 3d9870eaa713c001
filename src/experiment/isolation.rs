//! Isolation: what the company of the others costs a tenant, from runs in pairs.
//!
//! A tenant *alone* meets the same luck as in company: its messages arrive at the same moments and have
//! the same fate at the carrier, because no draw depends on who else is there. So each message has its
//! twin, and the slowdown of a message is its latency in company ÷ its latency alone. Where nobody is
//! in the way, a lone tenant's dwell is 0, and only the difference of dwells says something; so both
//! are given.
//!
//! The *isolation index* of a tenant against an aggressor is its 99th percentile while the aggressor
//! sends k times as much ÷ the same while it sends what the scenario says; 1 is perfect.

use std::ops::ControlFlow;

use serde::Serialize;

use super::compare::{CompareError, significant};
use super::replicate::{Dwells, Ended, Keep, Overseer, fold_in_order, observe, seed_of};
use super::statistics::{Level, mean_interval, quantile};
use crate::scenario::Scenario;
use crate::scheduler::PolicyInfo;
use crate::time::Span;
use crate::units::TenantId;

/// What to measure.
pub struct IsolationPlan<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The policies.
    pub policies: &'a [&'static PolicyInfo],
    /// The most tenants that are run alone: of more, as many of each population as possible.
    pub most_tenants: usize,
    /// A tenant or population, and how many times as much it sends.
    pub aggressor: Option<(&'a str, u64)>,
    /// Replications.
    pub replications: usize,
    /// Level of the intervals.
    pub level: Level,
    /// Seed of the first replication.
    pub seed: u64,
    /// How many threads.
    pub threads: usize,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Isolation {
    /// Replications.
    pub replications: usize,
    /// Tenants that were run alone.
    pub measured: usize,
    /// Tenants that the scenario has.
    pub tenants: usize,
    /// Who sent more, if anybody was to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggressor: Option<String>,
    /// How many times as much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// By policy.
    pub policies: Vec<PolicyIsolation>,
}

/// What was found under one policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyIsolation {
    /// The policy.
    pub policy: String,
    /// By tenant, the most disturbed first.
    pub tenants: Vec<TenantIsolation>,
}

/// What company costs one tenant: means over replications, each with half the width of its interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TenantIsolation {
    /// The tenant.
    pub tenant: String,
    /// Its population.
    pub group: String,
    /// Mean dwell in company − mean dwell alone, seconds.
    pub added_dwell_s: Figure,
    /// Mean dwell in company ÷ mean dwell alone; absent where it never waits alone.
    pub dwell_slowdown: Figure,
    /// Mean over messages of latency in company ÷ latency alone.
    pub slowdown_mean: Figure,
    /// 99th percentile over messages of the same.
    pub slowdown_p99: Figure,
    /// 99th percentile of the latency against the aggressor ÷ without, of messages that arrive without;
    /// absent without an aggressor, and where it keeps more than a hundredth of them from arriving.
    pub isolation_index: Figure,
    /// Messages in all replications that were delivered alone and not in company.
    pub undelivered: u64,
}

/// A mean over replications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figure {
    /// How many replications have the figure.
    pub n: usize,
    /// The mean; absent where none has it.
    pub mean: Option<f64>,
    /// Half the width of its interval, to six digits.
    pub half_width: Option<f64>,
}

/// The values of one tenant under one policy, a replication after the other.
#[derive(Clone, Default)]
struct Values {
    added_dwell_s: Vec<f64>,
    dwell_slowdown: Vec<f64>,
    slowdown_mean: Vec<f64>,
    slowdown_p99: Vec<f64>,
    isolation_index: Vec<f64>,
    undelivered: u64,
}

/// How many runs it will take.
pub fn isolation_runs(plan: &IsolationPlan<'_>) -> usize {
    let a_policy = 1 + usize::from(plan.aggressor.is_some()) + chosen(plan).len();
    plan.replications * plan.policies.len() * a_policy
}

/// Runs everybody together and each tenant alone.
///
/// # Errors
/// When a run fails, or the overseer wants to stop.
pub fn isolation(
    plan: &IsolationPlan<'_>,
    overseer: &dyn Overseer,
) -> Result<Isolation, Ended<CompareError>> {
    let scenario = plan.scenario;
    let tenants = chosen(plan);
    let mut together = scenario.clone();
    together.detector = None;
    let mut worlds = vec![together];
    worlds.extend(plan.aggressor.map(|(name, times)| with_more(scenario, name, times)));
    let crowds = worlds.len();
    worlds.extend(tenants.iter().map(|tenant| alone(scenario, *tenant)));
    let a_policy = worlds.len();
    let attackers: Vec<TenantId> = match plan.aggressor {
        Some((name, _)) => scenario.tenants_named(name).collect(),
        None => Vec::new(),
    };
    let a_replication = a_policy * plan.policies.len();
    let keep = Keep { messages: true, ..Keep::default() };
    let work = |index: usize| {
        let world = index % a_policy;
        let policy = plan.policies[index % a_replication / a_policy];
        let seed = seed_of(plan.seed, (index / a_replication) as u64);
        let record = observe(&worlds[world], policy, seed, &[], keep, overseer);
        let record = record.map_err(|error| CompareError::Run {
            contestant: policy.name.to_owned(),
            seed,
            error: Box::new(error),
        })?;
        let mut messages = record.messages;
        // Of a lone tenant nobody else's are worth carrying along.
        Ok(match world.checked_sub(crowds) {
            Some(position) => vec![std::mem::take(&mut messages[tenants[position].index()])],
            None => messages,
        })
    };
    let mut values = vec![vec![Values::default(); tenants.len()]; plan.policies.len()];
    let mut crowd: Vec<Vec<Dwells>> = Vec::new();
    fold_in_order(
        plan.threads,
        plan.replications * a_replication,
        overseer,
        work,
        |index, messages| {
            let world = index % a_policy;
            match world.checked_sub(crowds) {
                None if world == 0 => crowd = vec![messages],
                None => crowd.push(messages),
                Some(position) => {
                    let policy = index % a_replication / a_policy;
                    let own = tenants[position].index();
                    let values = &mut values[policy][position];
                    compare(values, &crowd[0][own], &messages[0]);
                    // Nobody is a victim of itself.
                    if let Some(attacked) = crowd.get(1)
                        && !attackers.contains(&tenants[position])
                    {
                        values.isolation_index.extend(index_of(&crowd[0][own], &attacked[own]));
                    }
                }
            }
            ControlFlow::Continue(())
        },
    )?;
    let policies = plan.policies.iter().zip(values);
    let policies = policies.map(|(policy, values)| PolicyIsolation {
        policy: policy.name.to_owned(),
        tenants: rows(plan, &tenants, values),
    });
    Ok(Isolation {
        replications: plan.replications,
        measured: tenants.len(),
        tenants: scenario.tenants.len(),
        aggressor: plan.aggressor.map(|(name, _)| name.to_owned()),
        times: plan.aggressor.map(|(_, times)| times),
        policies: policies.collect(),
    })
}

/// The tenants that are run alone: all, or the first of each population in turn.
fn chosen(plan: &IsolationPlan<'_>) -> Vec<TenantId> {
    let all = &plan.scenario.tenants;
    let mut turn: Vec<(usize, usize)> = Vec::with_capacity(all.len());
    let mut seen: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for (index, tenant) in all.iter().enumerate() {
        let place = seen.entry(&tenant.group).or_default();
        turn.push((*place, index));
        *place += 1;
    }
    turn.sort_unstable();
    turn.truncate(plan.most_tenants);
    let mut chosen: Vec<usize> = turn.into_iter().map(|(_, index)| index).collect();
    chosen.sort_unstable();
    chosen.into_iter().map(|index| TenantId(index as u32)).collect()
}

/// The scenario in which only `tenant` sends. The others are still there, and silent.
fn alone(scenario: &Scenario, tenant: TenantId) -> Scenario {
    let mut alone = scenario.clone();
    alone.detector = None;
    alone.retain_sources(|source| source.tenant == tenant);
    if let Some(log) = &mut alone.log {
        log.arrivals.retain(|arrival| arrival.tenant == tenant);
    }
    alone
}

/// The scenario in which a tenant or population sends `times` as much.
fn with_more(scenario: &Scenario, name: &str, times: u64) -> Scenario {
    let mut attacked = scenario.clone();
    attacked.detector = None;
    let who: Vec<TenantId> = scenario.tenants_named(name).collect();
    for source in attacked.sources.iter_mut().filter(|source| who.contains(&source.tenant)) {
        source.arrivals = source.arrivals.scaled(times as f64);
    }
    attacked
}

/// Pairs each message with its twin.
fn compare(values: &mut Values, company: &Dwells, alone: &Dwells) {
    let mean = |spans: &[Option<Span>]| {
        let known: Vec<f64> = spans.iter().flatten().map(|span| span.as_seconds_f64()).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    if let (Some(company), Some(alone)) = (mean(&company.dwell), mean(&alone.dwell)) {
        values.added_dwell_s.push(company - alone);
        if alone > 0.0 {
            values.dwell_slowdown.push(company / alone);
        }
    }
    let mut ratios = Vec::new();
    for (company, alone) in company.latency.iter().zip(&alone.latency) {
        match (company, alone) {
            (Some(company), Some(alone)) if *alone > Span::ZERO => {
                ratios.push(company.as_seconds_f64() / alone.as_seconds_f64());
            }
            (None, Some(_)) => values.undelivered += 1,
            _ => {}
        }
    }
    if let Some(p99) = quantile(&ratios, 0.99) {
        values.slowdown_mean.push(ratios.iter().sum::<f64>() / ratios.len() as f64);
        values.slowdown_p99.push(p99);
    }
}

/// 99th percentile of the latency against the aggressor ÷ without, of the messages that arrive without.
/// What then never arrives is infinitely late; where that is more than a hundredth there is no ratio.
fn index_of(quiet: &Dwells, attacked: &Dwells) -> Option<f64> {
    let twins = quiet.latency.iter().zip(&attacked.latency);
    let late = |span: &Option<Span>| span.map_or(f64::INFINITY, Span::as_seconds_f64);
    let arrived = twins.filter_map(|(quiet, attacked)| Some(((*quiet)?, late(attacked))));
    let (quiet, attacked): (Vec<f64>, Vec<f64>) =
        arrived.map(|(quiet, attacked)| (quiet.as_seconds_f64(), attacked)).unzip();
    let (quiet, attacked) = (quantile(&quiet, 0.99)?, quantile(&attacked, 0.99)?);
    (quiet > 0.0 && attacked.is_finite()).then(|| attacked / quiet)
}

fn rows(
    plan: &IsolationPlan<'_>,
    tenants: &[TenantId],
    values: Vec<Values>,
) -> Vec<TenantIsolation> {
    let figure = |values: &[f64]| Figure {
        n: values.len(),
        mean: (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64),
        half_width: mean_interval(values, plan.level)
            .map(|interval| significant(interval.half_width)),
    };
    let row = |(id, values): (&TenantId, Values)| {
        let tenant = &plan.scenario.tenants[id.index()];
        TenantIsolation {
            tenant: tenant.name.clone(),
            group: tenant.group.clone(),
            added_dwell_s: figure(&values.added_dwell_s),
            dwell_slowdown: figure(&values.dwell_slowdown),
            slowdown_mean: figure(&values.slowdown_mean),
            slowdown_p99: figure(&values.slowdown_p99),
            isolation_index: figure(&values.isolation_index),
            undelivered: values.undelivered,
        }
    };
    let mut rows: Vec<TenantIsolation> = tenants.iter().zip(values).map(row).collect();
    let slowdown = |row: &TenantIsolation| row.slowdown_mean.mean.unwrap_or(f64::NEG_INFINITY);
    rows.sort_by(|a, b| slowdown(b).total_cmp(&slowdown(a)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dwells(dwell_ms: &[u64], latency_ms: &[Option<u64>]) -> Dwells {
        Dwells {
            dwell: dwell_ms.iter().map(|ms| Some(Span::from_milliseconds(*ms))).collect(),
            latency: latency_ms.iter().map(|ms| ms.map(Span::from_milliseconds)).collect(),
        }
    }

    #[test]
    fn twins_are_compared_message_by_message() {
        let mut values = Values::default();
        let alone = dwells(&[0, 20, 10], &[Some(100), Some(200), Some(50)]);
        let company = dwells(&[30, 60, 0], &[Some(150), Some(800), None]);
        compare(&mut values, &company, &alone);
        // Mean dwells 30 ms and 10 ms; ratios 1.5 and 4, the third was never delivered in company.
        assert_eq!(values.undelivered, 1);
        let close = |found: &[f64], expected: f64| {
            assert!(found.len() == 1 && (found[0] - expected).abs() < 1e-12, "{found:?}");
        };
        close(&values.added_dwell_s, 0.020);
        close(&values.dwell_slowdown, 3.0);
        close(&values.slowdown_mean, 2.75);
        close(&values.slowdown_p99, 4.0);
        // One of three never arrives: that is more than a hundredth, and no ratio would be true.
        assert_eq!(index_of(&alone, &company), None);
        let late = dwells(&[30, 60, 0], &[Some(150), Some(800), Some(50)]);
        close(&[index_of(&alone, &late).expect("all arrive")], 4.0);
        // What does not arrive either way is not the aggressor's doing.
        let lost = dwells(&[0, 20, 10], &[Some(100), Some(200), None]);
        close(&[index_of(&lost, &company).expect("the same are lost")], 4.0);
        let none = dwells(&[0], &[None]);
        assert_eq!(index_of(&none, &none), None);
    }

    #[test]
    fn a_tenant_that_never_waits_alone_has_no_ratio_of_dwells() {
        let mut values = Values::default();
        compare(&mut values, &dwells(&[40], &[None]), &dwells(&[0], &[None]));
        assert_eq!((values.added_dwell_s.len(), values.dwell_slowdown.len()), (1, 0));
        assert!(values.slowdown_mean.is_empty() && values.undelivered == 0);
    }
}
