//! What the theorems bound in share trees and between priorities, each as the largest measured ÷ bound of
//! one run.

use crate::measures::{QUANTUM, expected_arrivals, joint, largest};
use crate::rational::Ratio;
use crate::workload::{Run, segments};
use apportion::time::Time;

fn sum(terms: impl Iterator<Item = Ratio>) -> Ratio {
    terms.fold(Ratio::ZERO, |sum, term| sum + term)
}

/// The range of Wᵢ/wᵢ − Wⱼ/wⱼ of siblings in the intervals of both, against `bound(i, j)`.
fn among_siblings(
    run: &Run,
    intervals: fn(&Run, usize) -> Vec<(Time, Time)>,
    bound: impl Fn(usize, usize) -> Ratio,
) -> Ratio {
    let mut most = Ratio::ZERO;
    for i in run.nodes() {
        for j in run.family(i).filter(|j| *j > i) {
            for (from, to) in joint(&intervals(run, i), &intervals(run, j)) {
                let served = |node, time| run.service_below(Some(node), time) / run.weight(node);
                let distance = |time: &Time| served(i, *time) - served(j, *time);
                let distances: Vec<Ratio> = run.instants(from, to).iter().map(distance).collect();
                let (least, greatest) = (distances.iter().min(), distances.iter().max());
                let (least, greatest) = least.zip(greatest).expect("an interval has ends");
                most = most.max((*greatest - *least) / bound(i, j));
            }
        }
    }
    most
}

/// Start-time fairness at every node: whatever rate a parent has, its children stay together.
pub(crate) fn relative_among_siblings(run: &Run) -> Ratio {
    let part = |node| run.longest_below(Some(node)) / run.weight(node);
    among_siblings(run, Run::backlogs_below, |i, j| part(i) + part(j))
}

fn quantum(run: &Run, node: usize) -> Ratio {
    Ratio::from(QUANTUM) * run.weight(node)
}

/// 1 + Lᵢ/Qᵢ + Lⱼ/Qⱼ of siblings, in rounds; as for flows.
pub(crate) fn deficit_among_siblings(run: &Run) -> Ratio {
    let part = |node| run.longest_below(Some(node)) / quantum(run, node);
    let rounds = |i, j| Ratio::from(1) + part(i) + part(j);
    among_siblings(run, Run::waits_below, |i, j| Ratio::from(QUANTUM) * rounds(i, j))
}

/// How much a node's parent may serve before the node is served at its part: (F − Q)(1 + L/Q) + ΣL.
fn deficit_delay(run: &Run, node: usize) -> Ratio {
    let frame = sum(run.family(node).map(|sibling| quantum(run, sibling)));
    let longest = sum(run.family(node).map(|sibling| run.longest_below(Some(sibling))));
    let own = quantum(run, node);
    (frame - own) * (Ratio::from(1) + run.longest_below(Some(node)) / own) + longest
}

/// t − t₀ − Wᵢ/rᵢ against Σ Θₕ, where Θₕ is that of the node at level h at the rate of its parent.
pub(crate) fn deficit_latency_of_levels(run: &Run) -> Ratio {
    largest(run.flows().flat_map(|flow| {
        let share = run.share(flow);
        let parent = |node| run.parent(node).map_or(Ratio::from(1), |above| run.share(above));
        let bound = sum(run.upwards(flow).map(|node| deficit_delay(run, node) / parent(node)));
        run.waits(flow).into_iter().flat_map(move |(from, to)| {
            let before = run.service(flow, from);
            run.instants(from, to).into_iter().map(move |time| {
                let served = run.service(flow, time) - before;
                (segments(time) - segments(from) - served / share) / bound
            })
        })
    }))
}

/// The worst-case fair index α of a node in its parent: L + (Lmax − L)φ.
fn index_in_parent(run: &Run, node: usize) -> Ratio {
    let (own, most) = (run.longest_below(Some(node)), run.longest_below(run.parent(node)));
    own + (most - own) * run.part(node)
}

/// φ·W(t₁, t₂) − Wᵢ(t₁, t₂) against `bound`, where W is the service of `above` and φ the node's part of it,
/// t₂ an end of a message of the node, and t₁ any instant of the same backlog.
fn behind(run: &Run, node: usize, above: Option<usize>, part: Ratio, bound: Ratio) -> Ratio {
    let mut largest = Ratio::ZERO;
    let own: Vec<usize> = run.flows_below(Some(node)).collect();
    let sent = run.served.iter().filter(|message| own.contains(&message.flow));
    let ends: Vec<Time> = sent.map(|message| message.ended).collect();
    for (from, to) in run.backlogs_below(node) {
        let mut least: Option<Ratio> = None;
        for time in run.instants(from, to) {
            let behind =
                run.service_below(above, time) * part - run.service_below(Some(node), time);
            if let Some(least) = least.filter(|_| ends.contains(&time)) {
                largest = largest.max((behind - least) / bound);
            }
            least = Some(least.map_or(behind, |least| least.min(behind)));
        }
    }
    largest
}

/// Each node in its parent.
pub(crate) fn worst_case_fair_index_of_nodes(run: &Run) -> Ratio {
    largest(run.nodes().map(|node| {
        behind(run, node, run.parent(node), run.part(node), index_in_parent(run, node))
    }))
}

/// Each node against the wire: Σₕ (φᵢ/φ_pʰ) α_pʰ over itself and its ancestors (Bennett and Zhang 1997).
pub(crate) fn worst_case_fair_index_of_levels(run: &Run) -> Ratio {
    largest(run.nodes().map(|node| {
        let share = run.share(node);
        let term = |above| share / run.share(above) * index_in_parent(run, above);
        behind(run, node, None, share, sum(run.upwards(node).map(term)))
    }))
}

/// d − GRC against Σₕ Lmax/r_pʰ over the ancestors and the root.
pub(crate) fn guaranteed_rate_of_levels(run: &Run) -> Ratio {
    let longest = run.longest_of_all();
    largest(expected_arrivals(run).map(|(flow, ended, expected, size)| {
        let above = run.upwards(flow).skip(1).map(|node| longest / run.share(node));
        (ended - expected - size / run.share(flow)) / (longest + sum(above))
    }))
}

/// The weights of a run's flows, the heaviest first.
fn priorities(run: &Run) -> Vec<u32> {
    let mut weights = run.workload.weights.clone();
    weights.sort_unstable_by(|a, b| b.cmp(a));
    weights.dedup();
    weights
}

/// The longest message of those below a priority, if there are any.
fn longest_of_lighter(run: &Run, priority: u32) -> Ratio {
    let lighter = run.flows().filter(|flow| run.workload.weights[*flow] < priority);
    lighter.map(|flow| run.longest(flow)).max().unwrap_or(Ratio::ZERO)
}

/// What arrived at flows of some weights, in the order of time.
fn arrived(run: &Run, is_meant: impl Fn(u32) -> bool) -> Vec<(Ratio, Ratio)> {
    let arrivals = run.workload.arrivals.iter();
    let meant = arrivals.filter(|arrival| is_meant(run.workload.weights[arrival.flow]));
    meant.map(|arrival| (segments(arrival.at), Ratio::from(u64::from(arrival.segments)))).collect()
}

/// How far the priorities from the heaviest down to each are behind what they would have without the lighter
/// ones, against the longest message of those: so each has exactly what the heavier leave.
pub(crate) fn left_by_the_heavier(run: &Run) -> Ratio {
    largest(priorities(run).into_iter().filter_map(|priority| {
        let bound = longest_of_lighter(run, priority);
        if bound == Ratio::ZERO {
            return None;
        }
        // Alone the wire is busy while they have anything: what is served is what came, less what waits.
        let arrivals = arrived(run, |weight| weight >= priority);
        let alone = |time: Ratio| {
            let came = |until: Ratio| {
                sum(arrivals.iter().filter(|(at, _)| *at < until).map(|(_, size)| *size))
            };
            let idle = arrivals.iter().map(|(at, _)| *at).filter(|at| *at <= time);
            let by = idle.map(|at| came(at) + time - at).chain([came(time)]);
            by.min().expect("an empty sum is one")
        };
        let own = |time: Time| {
            let own = run.flows().filter(|flow| run.workload.weights[*flow] >= priority);
            sum(own.map(|flow| run.service(flow, time)))
        };
        let instants = run.served.iter().flat_map(|message| [message.began, message.ended]);
        Some(largest(instants.map(|time| (alone(segments(time)) - own(time)) / bound)))
    }))
}

/// Delay of each priority against (Σ_{j≤k} σⱼ + L_{>k}) / (r − Σ_{j<k} ρⱼ). Any rates are premises that hold,
/// with the bursts that the arrivals show at them; the tightest of some is taken.
pub(crate) fn priority_delay(run: &Run) -> Ratio {
    let classes = priorities(run);
    let count = Ratio::from(classes.len() as u64);
    let burst = |priority: u32, rate: Ratio| {
        let arrivals = arrived(run, |weight| weight == priority);
        // σ = max over s ≤ t of A(s, t) − ρ(t − s).
        let (mut burst, mut most) = (Ratio::ZERO, Ratio::ZERO);
        let mut before = Ratio::ZERO;
        for (at, size) in arrivals {
            burst = (burst - rate * (at - before)).max(Ratio::ZERO) + size;
            most = most.max(burst);
            before = at;
        }
        most
    };
    largest(classes.iter().enumerate().map(|(rank, priority)| {
        let bounds = [0, 2, 5, 9].map(|tenths| {
            let rate = Ratio::new(tenths, 10) / count;
            let bursts = sum(classes[..=rank].iter().map(|class| burst(*class, rate)));
            let heavier = rate * Ratio::from(rank as u64);
            (bursts + longest_of_lighter(run, *priority)) / (Ratio::from(1) - heavier)
        });
        let bound = bounds.into_iter().min().expect("there are some");
        let own = run.served.iter().filter(|m| run.workload.weights[m.flow] == *priority);
        largest(own.map(|m| (segments(m.ended) - segments(m.arrived)) / bound))
    }))
}
