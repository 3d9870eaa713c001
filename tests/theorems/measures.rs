//! What the theorems bound, each as the largest measured ÷ bound of one run.

use crate::rational::Ratio;
use crate::workload::{Run, segments};
use apportion::time::Time;

/// The largest of some ratios, at least 0.
pub(crate) fn largest(ratios: impl Iterator<Item = Ratio>) -> Ratio {
    ratios.fold(Ratio::ZERO, Ratio::max)
}

/// The range of Wᵢ/wᵢ − Wⱼ/wⱼ while both are backlogged, against `bound(i, j)`.
fn relative(run: &Run, bound: impl Fn(usize, usize) -> Ratio) -> Ratio {
    relative_in(run, Run::backlogs, bound)
}

/// The same in the intervals that `backlogs` gives for each flow.
fn relative_in(
    run: &Run,
    backlogs: fn(&Run, usize) -> Vec<(Time, Time)>,
    bound: impl Fn(usize, usize) -> Ratio,
) -> Ratio {
    let mut most = Ratio::ZERO;
    for i in run.flows() {
        for j in i + 1..run.flows().end {
            for (from, to) in joint(&backlogs(run, i), &backlogs(run, j)) {
                let distance = |time: &Time| {
                    run.service(i, *time) / run.weight(i) - run.service(j, *time) / run.weight(j)
                };
                let distances: Vec<Ratio> = run.instants(from, to).iter().map(distance).collect();
                let (least, greatest) = (distances.iter().min(), distances.iter().max());
                let (least, greatest) = least.zip(greatest).expect("an interval has ends");
                most = most.max((*greatest - *least) / bound(i, j));
            }
        }
    }
    most
}

/// The intervals that are in both.
pub(crate) fn joint(first: &[(Time, Time)], second: &[(Time, Time)]) -> Vec<(Time, Time)> {
    let pairs = first.iter().flat_map(|a| second.iter().map(move |b| (a, b)));
    pairs.map(|(a, b)| (a.0.max(b.0), a.1.min(b.1))).filter(|(from, to)| from < to).collect()
}

/// Golestani's relative fairness bound of start-time and self-clocked fair queueing.
pub(crate) fn relative_fairness(run: &Run) -> Ratio {
    let part = |flow| run.longest(flow) / run.weight(flow);
    relative(run, |i, j| part(i) + part(j))
}

/// Of an order that stands for K messages.
pub(crate) fn relative_in_batches<const K: u64>(run: &Run) -> Ratio {
    let part = |flow| run.longest(flow) / run.weight(flow);
    relative(run, |i, j| Ratio::from(K) * (part(i) + part(j)))
}

/// Of the virtual token counter.
pub(crate) fn token_counter(run: &Run) -> Ratio {
    let part = |flow| run.longest(flow) / run.weight(flow);
    relative(run, |i, j| Ratio::from(2) * part(i).max(part(j)))
}

/// Quantum at weight 1 of the deficit round robin that is measured: it covers the longest message.
pub(crate) const QUANTUM: u64 = 4;

/// (F/r)(1 + Lᵢ/Qᵢ + Lⱼ/Qⱼ), over rᵢ = Qᵢ·r/F: here both sides are divided by the quantum of weight 1.
pub(crate) fn deficit_relative(run: &Run) -> Ratio {
    let quantum = |flow| Ratio::from(QUANTUM) * run.weight(flow);
    let part = |flow| run.longest(flow) / quantum(flow);
    relative_in(run, Run::waits, |i, j| Ratio::from(QUANTUM) * (Ratio::from(1) + part(i) + part(j)))
}

/// t − t₀ − Wᵢ/rᵢ against Θ = [(F − Qᵢ)(1 + Lᵢ/Qᵢ) + ΣLⱼ]/r.
pub(crate) fn deficit_latency(run: &Run) -> Ratio {
    let quantum = |flow| Ratio::from(QUANTUM) * run.weight(flow);
    let frame = run.flows().fold(Ratio::ZERO, |sum, flow| sum + quantum(flow));
    let longest = run.flows().fold(Ratio::ZERO, |sum, flow| sum + run.longest(flow));
    largest(run.flows().flat_map(|flow| {
        let part = Ratio::from(1) + run.longest(flow) / quantum(flow);
        let bound = (frame - quantum(flow)) * part + longest;
        let share = run.share(flow);
        run.waits(flow).into_iter().flat_map(move |(from, to)| {
            let before = run.service(flow, from);
            run.instants(from, to).into_iter().map(move |time| {
                let served = run.service(flow, time) - before;
                (segments(time) - segments(from) - served / share) / bound
            })
        })
    }))
}

/// Each message: when it ended, its expected arrival time, and its size.
pub(crate) fn expected_arrivals(run: &Run) -> impl Iterator<Item = (usize, Ratio, Ratio, Ratio)> {
    run.flows().flat_map(move |flow| {
        let mut next = Ratio::ZERO;
        run.by_flow[flow].iter().map(move |message| {
            let expected = segments(message.arrived).max(next);
            let size = Ratio::from(u64::from(message.segments));
            next = expected + size / run.share(flow);
            (flow, segments(message.ended), expected, size)
        })
    })
}

/// d − GRC against Lmax/r.
pub(crate) fn guaranteed_rate(run: &Run) -> Ratio {
    let longest = run.longest_of_all();
    largest(
        expected_arrivals(run).map(|(flow, ended, expected, size)| {
            (ended - expected - size / run.share(flow)) / longest
        }),
    )
}

/// d − EAT against Σ_{n≠i} Lₙ/r + l/r.
pub(crate) fn start_time_delay(run: &Run) -> Ratio {
    largest(expected_arrivals(run).map(|(flow, ended, expected, size)| {
        (ended - expected) / (run.longest_of_others(flow) + size)
    }))
}

/// d − GRC against Σ_{n≠i} Lₙ/r.
pub(crate) fn self_clocked_delay(run: &Run) -> Ratio {
    largest(expected_arrivals(run).map(|(flow, ended, expected, size)| {
        (ended - expected - size / run.share(flow)) / run.longest_of_others(flow)
    }))
}

/// d − d of the fluid division, against Lmax/r.
pub(crate) fn fluid_delay(run: &Run) -> Ratio {
    let fluid = run.workload.fluid();
    let longest = run.longest_of_all();
    largest(run.flows().flat_map(|flow| {
        let both = run.by_flow[flow].iter().zip(&fluid.finishes[flow]);
        both.map(move |(message, finish)| (segments(message.ended) - *finish) / longest)
    }))
}

/// How far behind the fluid division a flow is, against Lmax.
pub(crate) fn fluid_lag(run: &Run) -> Ratio {
    let fluid = run.workload.fluid();
    largest(run.served.iter().map(|message| {
        let time = message.began;
        let ahead = fluid.served(message.flow, segments(time)) - run.service(message.flow, time);
        ahead / run.longest_of_all()
    }))
}

/// How far ahead of the fluid division a flow is, against (1 − rᵢ/r)Lᵢ.
pub(crate) fn fluid_lead(run: &Run) -> Ratio {
    let fluid = run.workload.fluid();
    largest(run.served.iter().map(|message| {
        let (flow, time) = (message.flow, message.ended);
        let ahead = run.service(flow, time) - fluid.served(flow, segments(time));
        ahead / ((Ratio::from(1) - run.share(flow)) * run.longest(flow))
    }))
}

/// (rᵢ/r)W(t₁, t₂) − Wᵢ(t₁, t₂) against Lᵢ + (Lmax − Lᵢ)rᵢ/r, for t₂ at which a message of i ends.
pub(crate) fn worst_case_fair_index(run: &Run) -> Ratio {
    largest(run.flows().flat_map(|flow| {
        let share = run.share(flow);
        let bound = run.longest(flow) + (run.longest_of_all() - run.longest(flow)) * share;
        run.backlogs(flow).into_iter().map(move |(from, to)| {
            let behind = |time: Time| segments(time) * share - run.service(flow, time);
            let mut least = behind(from);
            let mut most = Ratio::ZERO;
            let own = run.by_flow[flow].iter();
            for message in own.filter(|m| from <= m.arrived && m.ended <= to) {
                least = least.min(behind(message.began));
                most = most.max(behind(message.ended) - least);
                least = least.min(behind(message.ended));
            }
            most / bound
        })
    }))
}

/// |nᵢ − (nᵢ + nⱼ)wᵢ/(wᵢ + wⱼ)| in messages, while both have more, against 1.
pub(crate) fn stride_pair(run: &Run) -> Ratio {
    let mut most = Ratio::ZERO;
    for i in run.flows() {
        for j in i + 1..run.flows().end {
            let share = run.weight(i) / (run.weight(i) + run.weight(j));
            let (mut own, mut both) = (0_u64, 0_u64);
            for message in &run.served {
                own += u64::from(message.flow == i);
                both += u64::from(message.flow == i || message.flow == j);
                most = most.max((Ratio::from(own) - Ratio::from(both) * share).abs());
                let all = [(i, own), (j, both - own)];
                if all.iter().any(|(flow, count)| *count == run.by_flow[*flow].len() as u64) {
                    break;
                }
            }
        }
    }
    most
}

/// |nᵢ − nⱼ| in messages on intervals in which both are backlogged, against 1.
pub(crate) fn turns(run: &Run) -> Ratio {
    let mut most = 0;
    for i in run.flows() {
        for j in i + 1..run.flows().end {
            for (from, to) in joint(&run.backlogs(i), &run.backlogs(j)) {
                let (mut distance, mut least, mut greatest) = (0_i64, 0, 0);
                for message in run.served.iter().filter(|m| from <= m.began && m.ended <= to) {
                    distance += i64::from(message.flow == i) - i64::from(message.flow == j);
                    (least, greatest) = (least.min(distance), greatest.max(distance));
                }
                most = most.max(greatest - least);
            }
        }
    }
    Ratio::from(most as u64)
}

/// Lateness against Lmax/r, where the fluid meets every deadline.
pub(crate) fn lateness(run: &Run) -> Ratio {
    let late = |ended: Time, deadline: Time| segments(ended) - segments(deadline);
    largest(run.served.iter().map(|m| late(m.ended, m.deadline) / run.longest_of_all()))
}

/// How long the heaviest wait although no other of the heaviest is served, against Lmax/r.
pub(crate) fn priority_wait(run: &Run) -> Ratio {
    let heaviest = run.workload.weights.iter().max().expect("there are flows");
    let mut free = Time::ZERO;
    let mut most = Ratio::ZERO;
    for message in run.served.iter().filter(|m| run.workload.weights[m.flow] == *heaviest) {
        let waited = segments(message.began) - segments(message.arrived.max(free));
        most = most.max(waited / run.longest_of_all());
        free = message.ended;
    }
    most
}

/// R·T − n in messages since the beginning, while backlogged, against 1.
pub(crate) fn reservation(run: &Run) -> Ratio {
    largest(run.flows().filter_map(|flow| {
        let (part, _) = run.workload.bounds[flow];
        let rate = Ratio::new(part?.into(), 100);
        let behind = run.by_flow[flow]
            .iter()
            .enumerate()
            .map(|(count, message)| rate * segments(message.began) - Ratio::from(count as u64));
        Some(largest(behind))
    }))
}

/// f·X − x on every interval, in messages of one segment, against f·(1 + those of the others with promises)
/// and 2; X is what all were served.
pub(crate) fn promise(run: &Run) -> Ratio {
    let promised = run.workload.bounds.iter().filter(|(part, _)| part.is_some()).count() as u64;
    largest(run.flows().filter_map(|flow| {
        let (part, _) = run.workload.bounds[flow];
        let part = Ratio::new(part?.into(), 100);
        let (mut behind, mut least, mut most) = (Ratio::ZERO, Ratio::ZERO, Ratio::ZERO);
        let last = run.by_flow[flow].last()?.began;
        for message in run.served.iter().filter(|message| message.began <= last) {
            let own = Ratio::from(u64::from(message.flow == flow));
            behind = behind + part - own;
            least = least.min(behind);
            most = most.max(behind - least);
        }
        Some(most / (part * Ratio::from(promised) + Ratio::from(2)))
    }))
}

/// n against limit·T + burst, on every interval.
pub(crate) fn limit<const BURST: u64>(run: &Run) -> Ratio {
    largest(run.flows().filter_map(|flow| {
        let (_, part) = run.workload.bounds[flow];
        let rate = Ratio::new(part?.into(), 100);
        let own = &run.by_flow[flow];
        Some(largest(own.iter().enumerate().flat_map(|(first, from)| {
            own[first..].iter().enumerate().map(move |(count, to)| {
                let span = segments(to.began) - segments(from.began);
                Ratio::from(count as u64 + 1) / (rate * span + Ratio::from(BURST))
            })
        })))
    }))
}
