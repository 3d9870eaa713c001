//! The fluid system against examples worked by hand, and against one that is worked step by step.

use super::super::super::testing::at;
use super::*;
use crate::units::mix;

fn weight(whole: u32) -> Weight {
    Weight::whole(whole).expect("valid")
}

fn per_second(segments: u64) -> Rate {
    Rate::per_second(segments).expect("valid")
}

fn arrival(message: u64, segments: u64) -> Arrival {
    Arrival { message, segments }
}

/// What was finished until then, by message, in seconds.
fn finished(fluid: &mut Fluid, until: f64) -> Vec<(u64, f64)> {
    fluid.advance(at(until));
    let mut all = Vec::new();
    while let Some(finished) = fluid.take_finished() {
        all.push((finished.message, fluid.time_of(finished).as_seconds_f64()));
    }
    all.sort_by_key(|(message, _)| *message);
    all
}

fn close(found: &[(u64, f64)], expected: &[(u64, f64)]) {
    let near = |(one, other): (&(u64, f64), &(u64, f64))| {
        one.0 == other.0 && (one.1 - other.1).abs() < 3e-9
    };
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(near),
        "{found:?}, expected {expected:?}"
    );
}

#[test]
fn bennett_and_zhang() {
    // One flow of half the rate with eleven messages, ten of a twentieth with one each.
    let mut fluid = Fluid::new(per_second(1));
    let first = fluid.add_queue(ROOT, weight(10));
    let others: Vec<ChildId> = (0..10).map(|_| fluid.add_queue(ROOT, weight(1))).collect();
    (0..11).for_each(|k| fluid.arrive(first, arrival(k, 1)));
    others.iter().zip(11..).for_each(|(queue, message)| fluid.arrive(*queue, arrival(message, 1)));
    let mut expected: Vec<(u64, f64)> = (0..10).map(|k| (k, 2.0 * (k + 1) as f64)).collect();
    expected.push((10, 21.0));
    expected.extend((11..21).map(|message| (message, 20.0)));
    close(&finished(&mut fluid, 100.0), &expected);
}

#[test]
fn a_set_divides_what_it_gets_among_its_own() {
    let mut fluid = Fluid::new(per_second(4));
    let (_, set) = fluid.add_server(ROOT, weight(1));
    let [one, other] = [0, 1].map(|_| fluid.add_queue(set, weight(1)));
    let alone = fluid.add_queue(ROOT, weight(1));
    fluid.arrive(one, arrival(0, 4));
    fluid.arrive(other, arrival(1, 2));
    fluid.arrive(alone, arrival(2, 4));
    // Two a second for the one outside, one a second each inside; from 2 s on one alone has all four.
    assert!(finished(&mut fluid, 1.0).is_empty());
    let units = |segments: u128| segments * SERVICE_UNITS;
    assert_eq!([one, other, alone].map(|it| fluid.given(it)), [units(1), units(1), units(2)]);
    close(&finished(&mut fluid, 9.0), &[(0, 2.5), (1, 2.0), (2, 2.0)]);
    assert_eq!([one, other, alone].map(|it| fluid.given(it)), [units(4), units(2), units(4)]);
}

#[test]
fn another_weight_and_another_rate_hold_for_what_waits() {
    let mut fluid = Fluid::new(per_second(2));
    let (set_child, set) = fluid.add_server(ROOT, weight(1));
    let inside = fluid.add_queue(set, weight(1));
    let [one, other] = [0, 1].map(|_| fluid.add_queue(ROOT, weight(1)));
    fluid.arrive(one, arrival(0, 4));
    fluid.arrive(other, arrival(1, 4));
    fluid.advance(at(1.0));
    // One each; then 3 : 1 of two a second: 1.5 and 0.5.
    fluid.reweigh(one, weight(3));
    close(&finished(&mut fluid, 3.0), &[(0, 3.0)]);
    fluid.set_rate(Some(per_second(4)));
    // Two are left of the other, beside a set that weighs three times as much: one and three a second.
    fluid.reweigh(set_child, weight(2));
    fluid.arrive(inside, arrival(2, 3));
    fluid.reweigh(set_child, weight(3));
    close(&finished(&mut fluid, 9.0), &[(1, 4.25), (2, 4.0)]);
    fluid.set_rate(None);
    fluid.arrive(inside, arrival(3, 1000));
    close(&finished(&mut fluid, 10.0), &[(3, 10.0)]);
}

#[test]
fn who_leaves_gives_way() {
    let mut fluid = Fluid::new(per_second(2));
    let [one, other] = [0, 1].map(|_| fluid.add_queue(ROOT, weight(1)));
    (0..3).for_each(|message| fluid.arrive(one, arrival(message, 2)));
    fluid.arrive(other, arrival(3, 4));
    fluid.advance(at(1.0));
    // One segment of the first message was served; the second leaves from behind it, then the first.
    assert_eq!(fluid.withdraw(one, 1), 0);
    assert_eq!(fluid.withdraw(one, 0), SERVICE_UNITS);
    assert_eq!(fluid.given(one), SERVICE_UNITS);
    // The third begins at once: 2 s at one a second. The other has done three then, and has one left.
    close(&finished(&mut fluid, 9.0), &[(2, 3.0), (3, 3.5)]);
    let (_, set) = fluid.add_server(ROOT, weight(1));
    let inside = fluid.add_queue(set, weight(1));
    fluid.arrive(inside, arrival(4, 9));
    fluid.arrive(other, arrival(5, 3));
    fluid.advance(at(10.0));
    assert_eq!(fluid.withdraw(inside, 4), SERVICE_UNITS);
    close(&finished(&mut fluid, 20.0), &[(5, 11.0)]);
}

/// Set and weight of a queue, and the messages in it with what is left of them.
type PlainQueue = (usize, f64, Vec<(u64, f64)>);

/// The same system in the plainest way: rates of all, next end of a message, step.
struct Stepwise {
    rate: f64,
    now: f64,
    queues: Vec<PlainQueue>,
    sets: Vec<f64>,
    ends: Vec<(u64, f64)>,
}

impl Stepwise {
    fn advance(&mut self, now: f64) {
        while self.now < now {
            let is_busy = |queue: &PlainQueue| !queue.2.is_empty();
            let inside = |set: usize| {
                self.queues.iter().filter(|q| q.0 == set && is_busy(q)).map(|q| q.1).sum::<f64>()
            };
            let busy: Vec<f64> = (0..self.sets.len()).map(inside).collect();
            let all: f64 = (0..busy.len()).filter(|s| busy[*s] > 0.0).map(|s| self.sets[s]).sum();
            let speed = |q: &PlainQueue| self.rate * self.sets[q.0] / all * q.1 / busy[q.0];
            let busy_queues = || self.queues.iter().filter(|queue| is_busy(queue));
            let to_end = busy_queues().map(|q| q.2[0].1 / speed(q)).fold(f64::INFINITY, f64::min);
            let step = to_end.min(now - self.now);
            let speeds: Vec<f64> = self.queues.iter().map(speed).collect();
            self.now += step;
            for (queue, speed) in self.queues.iter_mut().zip(speeds) {
                if let Some(head) = queue.2.first_mut() {
                    head.1 -= speed * step;
                    if head.1 < 1e-9 {
                        self.ends.push((queue.2.remove(0).0, self.now));
                    }
                }
            }
        }
    }
}

#[test]
fn random_arrivals_end_when_the_plainest_system_ends_them() {
    for seed in 0..60 {
        let draw = |n: u64, most: u64| mix(seed * 100_000 + n) % most;
        let sets: Vec<u32> = (0..1 + draw(1, 4)).map(|n| 1 + draw(10 + n, 5) as u32).collect();
        let queues: Vec<(usize, u32)> = (0..1 + draw(2, 9))
            .map(|n| (draw(30 + n, sets.len() as u64) as usize, 1 + draw(50 + n, 7) as u32))
            .collect();
        let mut fluid = Fluid::new(per_second(3));
        let servers: Vec<ServerId> =
            sets.iter().map(|set| fluid.add_server(ROOT, weight(*set)).1).collect();
        let children: Vec<ChildId> =
            queues.iter().map(|(set, own)| fluid.add_queue(servers[*set], weight(*own))).collect();
        let mut plain = Stepwise {
            rate: 3.0,
            now: 0.0,
            queues: queues.iter().map(|(set, own)| (*set, f64::from(*own), Vec::new())).collect(),
            sets: sets.iter().map(|set| f64::from(*set)).collect(),
            ends: Vec::new(),
        };
        let (mut now, mut all) = (0.0, Vec::new());
        for message in 0..120 {
            now += draw(1000 + message, 1000) as f64 / 1000.0;
            let queue = draw(2000 + message, queues.len() as u64) as usize;
            let segments = 1 + draw(3000 + message, 4);
            all.extend(finished(&mut fluid, now));
            plain.advance(now);
            fluid.arrive(children[queue], arrival(message, segments));
            plain.queues[queue].2.push((message, segments as f64));
        }
        all.extend(finished(&mut fluid, 1e6));
        plain.advance(1e6);
        all.sort_by_key(|(message, _)| *message);
        plain.ends.sort_by_key(|(message, _)| *message);
        assert_eq!(all.len(), 120);
        for (found, expected) in all.iter().zip(&plain.ends) {
            let near = found.0 == expected.0 && (found.1 - expected.1).abs() < 1e-6;
            assert!(near, "seed {seed}: {found:?}, expected {expected:?}");
        }
    }
}

#[test]
fn no_unit_of_service_is_lost_among_ten_thousand() {
    let mut fluid = Fluid::new(Rate::new(7, Span::from_seconds(3)).expect("valid"));
    let sets: Vec<(ChildId, ServerId)> =
        (0..100).map(|n| fluid.add_server(ROOT, weight(1 + n % 23))).collect();
    // Weights by which a segment can be divided, so that tags are exact.
    let queues: Vec<ChildId> = (0..10_000_u32)
        .map(|n| fluid.add_queue(sets[n as usize % 100].1, weight(1 + n % 16)))
        .collect();
    let queue_of = |message: u64| queues[(mix(message) % 10_000) as usize];
    for message in 0..20_000_u64 {
        fluid.advance(at(message as f64 * 0.25));
        fluid.arrive(queue_of(message), arrival(message, 1 + mix(message + 77) % 3));
    }
    // Busy from 0 s on, so the root gave 7 segments every 3 s.
    fluid.advance(at(5001.0));
    for (place, (set, _)) in sets.iter().enumerate() {
        let own = queues.iter().skip(place).step_by(100);
        let to_queues: u128 = own.map(|queue| fluid.given(*queue)).sum();
        assert_eq!(fluid.given(*set), to_queues, "set {place}");
    }
    assert_eq!(fluid.root_gave(sets.iter().map(|(set, _)| *set)), SERVICE_UNITS * 11_669);
}
