//! Scenarios of the Kubernetes API server's `queueset_test.go`, driven to the nanosecond.
//!
//! A client has threads; thread j of client i starts at 90·j + 20·i ns, and launches its next call a think
//! time after the one before *began to execute* and would have ended. A request waits in the policy's
//! shards, executes with its seats, and may hold other seats for a while after. The charge is seats × time;
//! what is measured is the average number of seats that execute, until the end of evaluation.

use crate::direct::{Arrival, Direct, unmix, whole};
use apportion::scheduler::{Pick, ShuffleShardFq};
use apportion::time::Time;
use apportion::units::{QueueId, Rate};
use std::collections::BTreeSet;

const SECOND: u64 = 1_000_000_000;

#[derive(Clone, Copy, Debug)]
struct Client {
    hash: u64,
    threads: usize,
    calls: usize,
    exec: u64,
    /// May be negative: launched before the one before has ended.
    think: i64,
    seats: u32,
    /// Half of the threads, and of the calls, only in the second half.
    is_split: bool,
}

const CLIENT: Client = Client {
    hash: 1_001_001_001,
    threads: 1,
    calls: 25,
    exec: SECOND,
    think: 0,
    seats: 1,
    is_split: false,
};

#[derive(Clone, Debug)]
struct Scenario {
    clients: Vec<Client>,
    /// Seats in all.
    limit: u32,
    shards: usize,
    hand: usize,
    /// Seats held after the call, and for how long.
    held: (u32, u64),
}

/// What happens at a time, in this order within it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Event {
    /// Seats of a client's call become free.
    Free { client: usize, seats: u32, charged: u32, is_last: bool },
    /// A call of a thread is launched; so many are left after it.
    Launch { client: usize, thread: usize, left: usize },
}

impl Scenario {
    /// Average executing seats of each client in each of `parts` equal parts of `eval`, and whether all
    /// calls were served.
    fn run(&self, eval: u64, parts: u64) -> (Vec<Vec<f64>>, bool) {
        // Seats × milliseconds.
        let rate = Rate::per_second(u64::from(self.limit) * 1000);
        let policy = Box::new(ShuffleShardFq::new(self.shards, self.hand));
        let ties = self.clients.iter().map(|client| unmix(client.hash));
        let weights = vec![whole(1); self.clients.len()];
        let mut direct = Direct::with_ties(policy, rate, &weights, ties);
        let mut events: BTreeSet<(u64, Event, u64)> = BTreeSet::new();
        let mut ordinal = 0;
        let mut plan = |events: &mut BTreeSet<(u64, Event, u64)>, at: u64, event| {
            ordinal += 1;
            events.insert((at, event, ordinal));
        };
        for (index, client) in self.clients.iter().enumerate() {
            for thread in 0..client.threads {
                let is_late = client.is_split && thread >= client.threads / 2;
                let begin = if is_late { eval / 2 } else { 0 };
                let calls = if is_late { client.calls / 2 } else { client.calls };
                let at = begin + 90 * thread as u64 + 20 * index as u64;
                plan(&mut events, at, Event::Launch { client: index, thread, left: calls - 1 });
            }
        }
        // Which thread each waiting request is of, and how many calls it has left.
        let mut threads = vec![std::collections::VecDeque::new(); self.clients.len()];
        let mut busy = vec![vec![0.0_f64; parts as usize]; self.clients.len()];
        let (mut in_use, mut served) = (0_u32, 0);
        while let Some((now, event, _)) = events.pop_first() {
            let time = Time::from_nanoseconds(now);
            match event {
                Event::Launch { client, thread, left } => {
                    let charge = self.charge(client);
                    direct.put(time, Arrival::new(time, client, charge));
                    threads[client].push_back((thread, left));
                }
                Event::Free { client, seats, charged, is_last } => {
                    in_use -= seats;
                    if is_last {
                        direct.complete(time, client, charged, charged);
                    }
                }
            }
            if events.first().is_some_and(|(at, ..)| *at == now) {
                continue;
            }
            while let Pick::Queue(QueueId(client)) = direct.pick(time) {
                let client = client as usize;
                let own = self.clients[client];
                let (held, pad) = self.held;
                let widest = own.seats.max(if pad > 0 { held } else { 0 });
                // Too wide for all seats together: only when nothing else runs. Nobody overtakes.
                if in_use > 0 && in_use + widest > self.limit {
                    break;
                }
                let (charged, ..) = direct.send(time, client);
                in_use += widest;
                served += 1;
                let end = now + own.exec;
                for (part, busy) in busy[client].iter_mut().enumerate() {
                    let length = eval / parts;
                    let from = part as u64 * length;
                    let inside = end.min(from + length).saturating_sub(now.max(from));
                    *busy += inside as f64 * f64::from(own.seats) / length as f64;
                }
                let free = |seats, is_last| Event::Free { client, seats, charged, is_last };
                if pad == 0 {
                    plan(&mut events, end, free(widest, true));
                } else {
                    plan(&mut events, end, free(widest - held, false));
                    plan(&mut events, end + pad, free(held, true));
                }
                let (thread, left) = threads[client].pop_front().expect("it waits");
                if left > 0 {
                    let at = end.checked_add_signed(own.think).expect("after the start");
                    plan(&mut events, at, Event::Launch { client, thread, left: left - 1 });
                }
            }
        }
        let of_client = |client: &Client| {
            let late = if client.is_split { client.threads - client.threads / 2 } else { 0 };
            (client.threads - late) * client.calls + late * (client.calls / 2)
        };
        let wanted: usize = self.clients.iter().map(of_client).sum();
        (busy, served == wanted)
    }

    /// Seats × milliseconds.
    fn charge(&self, client: usize) -> u32 {
        let own = self.clients[client];
        let (held, pad) = self.held;
        own.seats * (own.exec / 1_000_000) as u32 + held * (pad / 1_000_000) as u32
    }

    fn assert_averages(&self, what: &str, eval: u64, expected: &[&[f64]], margins: &[f64]) {
        let (averages, all_served) = self.run(eval, margins.len() as u64);
        println!("{what}: {averages:.4?}, {expected:?} expected");
        assert!(all_served, "{what}: all calls are served");
        for (client, (found, expected)) in averages.iter().zip(expected).enumerate() {
            for ((found, expected), margin) in found.iter().zip(*expected).zip(margins) {
                let off = (found - expected).abs() / expected;
                assert!(
                    off <= margin + 1e-6,
                    "{what}: client {client} has {found} seats, {expected} ± {margin} expected"
                );
            }
        }
    }
}

fn scenario(clients: &[Client], limit: u32, shards: usize, hand: usize) -> Scenario {
    Scenario { clients: clients.to_vec(), limit, shards, hand, held: (0, 0) }
}

#[test]
fn baseline() {
    let client = Client { calls: 21, ..CLIENT };
    scenario(&[client], 1, 9, 3).assert_averages("Baseline", 20 * SECOND, &[&[1.0]], &[0.0]);
}

#[test]
fn uniform_flows_with_a_hand_of_one() {
    let think = SECOND as i64 - 1;
    let first = Client { threads: 8, calls: 20, think, ..CLIENT };
    let second = Client { hash: 2_002_002_002, ..first };
    scenario(&[first, second], 4, 9, 1).assert_averages(
        "UniformFlowsHandSize1",
        50 * SECOND,
        &[&[2.0], &[2.0]],
        &[0.01],
    );
}

#[test]
fn different_flows_expect_equal() {
    let first = Client { threads: 8, calls: 20, think: SECOND as i64, ..CLIENT };
    let second =
        Client { hash: 2_002_002_002, threads: 7, calls: 30, think: SECOND as i64 / 2, ..CLIENT };
    scenario(&[first, second], 4, 9, 1).assert_averages(
        "DiffFlowsExpectEqual",
        40 * SECOND,
        &[&[2.0], &[2.0]],
        &[0.01],
    );
}

#[test]
fn too_wide() {
    let client = Client { threads: 15, calls: 21, think: SECOND as i64 - 1, seats: 2, ..CLIENT };
    let mut clients =
        [40_040_040_040_040, 50_050_050_050_050, 60_060_060_060_060, 70_070_070_070_070]
            .map(|hash| Client { hash, ..client })
            .to_vec();
    clients.push(Client { hash: 90_090_090_090_090, seats: 7, ..client });
    scenario(&clients, 6, 64, 7).assert_averages(
        "TooWide",
        225 * SECOND,
        &[&[1.2_f64][..]; 5],
        &[0.33],
    );
}

#[test]
fn no_wind_up() {
    let steady = Client { threads: 2, calls: 40, think: -1, ..CLIENT };
    let split = Client { hash: 2_002_002_002, is_split: true, ..steady };
    scenario(&[steady, split], 3, 9, 1).assert_averages(
        "Windup",
        40 * SECOND,
        &[&[2.0, 1.5], &[1.0, 1.5]],
        &[0.01, 0.26],
    );
}

/// Without restraint everybody has what it asks for, which is not fair: the suite expects a failure.
#[test]
fn no_restraint_is_unfair() {
    let first = Client { threads: 5, calls: 15, think: SECOND as i64, ..CLIENT };
    let second =
        Client { hash: 2_002_002_002, threads: 2, calls: 15, think: SECOND as i64 / 2, ..CLIENT };
    let (averages, all_served) = scenario(&[first, second], 10, 1, 1).run(18 * SECOND, 1);
    assert!(all_served);
    for (found, demand) in averages.iter().zip([2.5, 4.0 / 3.0]) {
        assert!((found[0] - demand).abs() / demand <= 0.001, "{averages:?}");
        assert!((found[0] - 1.0).abs() > 0.25, "of two seats one each would be fair");
    }
}

/// Think and hold times, seats held, limit and clients: the averages are exact.
#[test]
fn separations() {
    let half = SECOND / 2;
    let third = 1.0 / 3.0;
    // think, pad, then C=1 n=1 | C=2 n=1 held 1 | C=2 n=1 held 2 | C=1 n=2 | C=2 n=2 held 1 | held 2.
    let table = [
        (SECOND, 0, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]),
        (0, SECOND, [0.5, 1.0, 0.5, 0.25, 0.5, 0.25]),
        (SECOND, half, [0.5, 0.5, 0.5, third, 0.5, third]),
        (half, SECOND, [0.5, 2.0 * third, 0.5, 0.25, 0.5, 0.25]),
    ];
    let columns = [(1, 1, 1), (2, 1, 1), (2, 1, 2), (1, 2, 1), (2, 2, 1), (2, 2, 2)];
    for (think, pad, expected) in table {
        for ((limit, count, held), expected) in columns.into_iter().zip(expected) {
            let first = Client { think: think as i64, ..CLIENT };
            let second = Client { hash: 2_002_002_002, ..first };
            let clients = [first, second];
            let held = (held, pad);
            let case = Scenario { held, ..scenario(&clients[..count], limit, 9, 3) };
            let expected = [expected];
            let expected: Vec<&[f64]> = vec![&expected; count];
            let what = format!("think {think}, pad {pad}, limit {limit}, held {held:?}");
            case.assert_averages(&what, 24 * SECOND, &expected, &[0.0]);
        }
    }
}
