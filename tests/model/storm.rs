//! Everything at once: how soon a lane is back at its quota.

use apportion::scheduler::Happening;
use apportion::time::Time;

use super::support::{checked_run, moves, scenario, seconds};

const STORM: &str = include_str!("../../scenarios/storm.toml");

#[test]
fn after_the_storm_the_quota_is_used_again_within_the_slow_start() {
    let world: String = STORM
        .split("[[check]]")
        .next()
        .into_iter()
        .flat_map(str::lines)
        .filter(|line| !line.starts_with("description") && !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    let (events, _) = checked_run(&scenario(&world), "scoring");
    let sent = |from: Time, to: Time| -> u64 {
        moves(&events)
            .filter(|step| step.why == Happening::Dispatched && step.destination.0 == 0)
            .filter(|step| (from..to).contains(&step.time))
            .map(|step| step.record.message.segments.get())
            .sum()
    };
    // The last fault, in which the breaker opens, ends at 36 min 30 s. A backlog of half an hour waits. The
    // breaker cools down for 20 s at most and climbs for a minute: 100 segments a second from 37 min 50 s on.
    let end = 36 * 60 + 30;
    let (climbing, back) =
        (sent(seconds(end), seconds(end + 60)), sent(seconds(end + 80), seconds(end + 140)));
    assert!(back >= 5_700, "{back} segments in the minute after the slow start");
    assert!(climbing < 4_500, "{climbing} while it climbs: else nothing is shown");
}
