//! The carrier in full width: limits of its own, sessions that differ, die and come back, subscribers
//! that are away, and receipts that match nothing.

use apportion::event::{Event, What};
use apportion::scenario::{Latency, ReceiptIds, RetryStep, Scenario};
use apportion::scheduler::{AdaptiveRate, Congestion, Happening, Status, Truth};
use apportion::time::{Span, Time};
use apportion::units::{Quota, Rate, SessionId, TenantId};

use super::support::{Move, checked_run, count, events_of, fates, moves, scenario, seconds};

/// Two tenants of `rate` each for ten minutes behind a gateway with these keys.
fn world(gateway: &str, tenant: &str, rate: &str, rest: &str) -> Scenario {
    scenario(&format!(
        r#"
duration = "10min"
drain = "2h"
[[destination]]
name = "us"
quota = "unlimited"
[destination.gateway]
response = "100ms"
delivery = "2s"
receipt = "1s"
{gateway}
[destination.retry]
temporary = {{ attempts = 1 }}
throttled = {{ attempts = 1 }}
[[tenant]]
name = "a"
{tenant}
[[tenant.traffic]]
kind = "constant"
rate = "{rate}"
[[tenant]]
name = "b"
{tenant}
[[tenant.traffic]]
kind = "constant"
rate = "{rate}"
{rest}
"#
    ))
}

fn refused_with(events: &[Event], status: Status) -> impl Iterator<Item = Move> + '_ {
    moves(events).filter(move |step| {
        matches!(step.why, Happening::AnsweredPermanent | Happening::AnsweredExhausted)
            && step.code == status.0
    })
}

fn accepted(events: &[Event], tenant: u32) -> u64 {
    let is_it = |step: &Move| {
        step.why == Happening::AnsweredAccepted && step.record.message.tenant == TenantId(tenant)
    };
    moves(events).filter(is_it).count() as u64
}

fn session_times(events: &[Event], session: u16, up: bool) -> Vec<Time> {
    let id = SessionId(session);
    let of = |event: &Event| match event.what {
        What::SessionUp(found) if up && found == id => Some(event.time),
        What::SessionDown(found) if !up && found == id => Some(event.time),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

#[test]
fn sessions_differ_in_their_windows_and_limits() {
    // Answers take 2 s: 10 seats let 5/s through, 2 seats 1/s.
    let gateway = "response = \"2s\"\nbind = [{ window = 10 }, { window = 2 }]";
    let text = gateway.replace("response = \"2s\"\n", "");
    let mut two = world(&text, "", "10/s", "");
    two.destinations[0].gateway.response = Latency::Constant(Span::from_seconds(2));
    let events = events_of(&two);
    let sent = moves(&events)
        .filter(|step| step.why == Happening::Dispatched && step.time < seconds(600))
        .count() as f64;
    assert!((sent / 600.0 - 6.0).abs() < 0.1, "{}", sent / 600.0);
    // The second session of these lets 2/s through, the first whatever comes: of 20/s, 10 each.
    let limited =
        world("bind = [{ window = 100 }, { window = 100, limit = \"2/s\" }]", "", "10/s", "");
    let events = events_of(&limited);
    let throttled = refused_with(&events, Status::THROTTLED).count();
    assert!((4_700..4_900).contains(&throttled), "8 of 20 a second for 600 s: {throttled}");
}

#[test]
fn limits_on_senders_are_counted_by_number_by_tenant_or_by_class() {
    let limits = |per: &str| {
        format!(
            "window = 1000\nsender-limit = [{{ sender-class = \"x\", per = \"{per}\", limit = \"1/s\" }}]"
        )
    };
    let tenant = "senders = 3\nsender-class = \"x\"";
    // A sender's turn comes every 0.3 s, so after a second it waits for the turn at 1.2 s.
    for (per, each) in [("sender", 3.0 / 1.2), ("tenant", 1.0), ("class", 0.5)] {
        let events = events_of(&world(&limits(per), tenant, "10/s", ""));
        let all = (accepted(&events, 0) + accepted(&events, 1)) as f64 / 600.0;
        assert!((all - 2.0 * each).abs() < 0.1, "{per}: {all}");
        assert!(refused_with(&events, Status::THROTTLED).count() > 5_000);
    }
    // Whoever has another class, or none, is not limited.
    let events = events_of(&world(&limits("sender"), "senders = 3", "10/s", ""));
    assert_eq!(refused_with(&events, Status::THROTTLED).count(), 0);
}

#[test]
fn a_daily_limit_refuses_the_rest_of_the_day_and_resets_at_midnight_of_its_zone() {
    let gateway = "window = 1000\nsender-limit = [{ per = \"tenant\", daily = { segments = 1000, zone = \"-08:00\" } }]";
    // The run begins at 07:55 UTC, five minutes to midnight in the west: 3,000 before it, 3,000 after.
    let mut day = world(gateway, "", "10/s", "");
    let limit = day.destinations[0].gateway.sender_limits[0].daily.as_mut().expect("it is daily");
    assert_eq!(limit.first_reset, seconds(8 * 3600), "a Monday's midnight in UTC");
    limit.first_reset = seconds(300);
    let events = events_of(&day);
    let refused: Vec<Time> =
        refused_with(&events, Status::RECEIVER_PERMANENT).map(|step| step.time).collect();
    assert_eq!((accepted(&events, 0), accepted(&events, 1)), (2_000, 2_000));
    assert_eq!(refused.len(), 8_000);
    let quiet = |time: &&Time| (seconds(301)..seconds(399)).contains(*time) || **time < seconds(99);
    assert_eq!(refused.iter().filter(quiet).count(), 0, "a new day begins at the reset");
}

#[test]
fn a_full_recipient_refuses_its_own_messages_and_nobody_elses() {
    let gateway = "window = 10000\nrecipient-queue = { recipients = 1000, most = 1 }\n\
                   absent = { probability = 1, away = \"10min\", retry = \"10min\", validity = \"1h\" }";
    let events = events_of(&world(gateway, "", "10/s", ""));
    // Nobody is reached for ten minutes: of 12,000 messages to 1,000 recipients each gets one, and the
    // carrier refuses what comes after.
    let refused = refused_with(&events, Status::QUEUE_FULL).count() as u64;
    let taken = accepted(&events, 0) + accepted(&events, 1);
    assert_eq!(refused + taken, 12_000);
    assert!((980..=1_000).contains(&taken), "{taken}");
    let roomy = gateway.replace("most = 1 ", "most = 1000 ");
    assert_eq!(
        refused_with(&events_of(&world(&roomy, "", "10/s", "")), Status::QUEUE_FULL).count(),
        0
    );
}

const DEAD_LINK: &str = r#"
[[fault]]
kind = "blackhole"
session = 2
start = "100s"
duration = "200s"
fraction = 1
"#;

#[test]
fn a_dead_link_is_found_by_asking_and_not_otherwise() {
    let keys = |enquire: &str| {
        format!(
            "sessions = 2\nwindow = 1000\nreconnect = {{ first-wait = \"10s\", growth = 1.0, longest-wait = \"10s\", jitter = \"0%\" }}\n{enquire}"
        )
    };
    let asking = events_of(&world(
        &keys("enquire-link = { every = \"30s\", timeout = \"10s\" }"),
        "",
        "5/s",
        DEAD_LINK,
    ));
    // Asked at 120 s, given up at 130 s, tried every 10 s until the fault is over at 300 s.
    assert_eq!(session_times(&asking, 1, false), [seconds(130)]);
    assert_eq!(session_times(&asking, 1, true), [seconds(0), seconds(300)]);
    assert_eq!(session_times(&asking, 0, false), []);
    let lost = count(&asking, Happening::OutcomeUnknownRetry)
        + count(&asking, Happening::OutcomeUnknownGiveUp);
    let blind = events_of(&world(&keys(""), "", "5/s", DEAD_LINK));
    assert_eq!(session_times(&blind, 1, false), []);
    let lost_blindly = count(&blind, Happening::OutcomeUnknownRetry)
        + count(&blind, Happening::OutcomeUnknownGiveUp);
    // Half of 10/s disappear: for 30 s with asking; without, all the time.
    assert!((140..=155).contains(&lost), "{lost}");
    assert!(lost_blindly >= 900, "{lost_blindly}");
}

#[test]
fn slow_answers_kill_a_link_only_beyond_its_timeout() {
    let slow = |factor: &str| {
        let fault = format!(
            "[[fault]]\nkind = \"slow-response\"\nstart = \"100s\"\nduration = \"100s\"\nfactor = {factor}\n"
        );
        let keys = "window = 1000\nreconnect = \"5s\"\nenquire-link = { every = \"30s\", timeout = \"10s\" }";
        session_times(&events_of(&world(keys, "", "1/s", &fault)), 0, false)
    };
    // An answer takes 100 ms, a hundred times as much is ten seconds.
    assert_eq!(slow("100"), []);
    assert_eq!(slow("101"), [seconds(130), seconds(175)], "and the next session again");
}

#[test]
fn a_lost_session_is_tried_with_growing_waits() {
    let fault = "[[fault]]\nkind = \"outage\"\nstart = \"100s\"\nduration = \"65s\"\n";
    let keys = "reconnect = { first-wait = \"4s\", growth = 2.0, longest-wait = \"30s\", jitter = \"0%\" }";
    let events = events_of(&world(keys, "", "1/s", fault));
    // Tries at 104, 112, 128, 158 and 188 s; the outage is over at 165 s.
    assert_eq!(session_times(&events, 0, true), [seconds(0), seconds(188)]);
    let at_once = events_of(&world("reconnect = \"3s\"", "", "1/s", fault));
    assert_eq!(session_times(&at_once, 0, true), [seconds(0), seconds(168)]);
    let jittered = events_of(&world(&keys.replace("0%", "50%"), "", "1/s", fault));
    let up = session_times(&jittered, 0, true)[1];
    assert!(up > seconds(165) && up < seconds(188), "each wait is shorter: {up}");
}

fn delivered_after(events: &[Event], scenario: &Scenario) -> Vec<Span> {
    let found = fates(scenario, events);
    found.values().filter_map(|fate| Some(fate.end?.0)).collect()
}

#[test]
fn absent_subscribers_are_found_by_the_schedule_or_by_an_alert() {
    let keys = |away: &str, more: &str| {
        format!(
            "window = 10000\nabsent = {{ probability = 1, away = \"{away}\", retry = [[\"1min\", \"5min\"], [\"10min\", \"1h\"], [\"1h\", \"24h\"]], validity = \"48h\"{more} }}"
        )
    };
    for (away, minutes) in
        [("30s", 1), ("150s", 3), ("5min", 5), ("6min", 15), ("59min", 60), ("61min", 120)]
    {
        let scenario = world(&keys(away, ""), "", "1/min", "");
        let step = RetryStep { every: Span::from_seconds(60), until: Span::from_seconds(300) };
        assert_eq!(scenario.destinations[0].gateway.absent.as_ref().expect("away").retry[0], step);
        let after = delivered_after(&events_of(&scenario), &scenario);
        // A response of 100 ms, then as many minutes, then a delivery of 2 s.
        let expected = Span::from_milliseconds(60_000 * minutes + 2_100);
        assert!(after.iter().all(|span| *span == expected), "{away}: {after:?}");
        assert_eq!(after.len(), 20);
    }
    let scenario = world(&keys("6min", ", alert = 1"), "", "1/min", "");
    let after = delivered_after(&events_of(&scenario), &scenario);
    assert!(after.iter().all(|span| *span == Span::from_milliseconds(362_100)), "{after:?}");
}

#[test]
fn a_carrier_that_minds_a_messages_validity_gives_up_with_it() {
    let keys = |minds: bool| {
        format!(
            "window = 10000\nabsent = {{ probability = 1, away = \"30min\", retry = \"10min\", validity = \"48h\", message-validity = {minds} }}"
        )
    };
    let outcome = |minds| {
        let mut scenario = world(&keys(minds), "", "1/min", "");
        for source in &mut scenario.sources {
            source.validity = Some(Span::from_seconds(300));
        }
        let (events, _) = checked_run(&scenario, "fifo");
        let to = |truth: Truth| {
            let is_it =
                |event: &&Event| matches!(event.what, What::TruthMoved { to, .. } if to == truth);
            events.iter().filter(is_it).count()
        };
        (to(Truth::Delivered), to(Truth::Rejected))
    };
    assert_eq!(outcome(true), (0, 20), "useless half an hour later");
    assert_eq!(outcome(false), (20, 0), "and delivered all the same");
}

#[test]
fn receipts_in_another_base_match_nothing_or_another_message() {
    let outcome = |ids: ReceiptIds| {
        let mut scenario = world("window = 10000", "", "10/s", "");
        scenario.destinations[0].gateway.receipt_ids = ids;
        scenario.destinations[0].receipt_timeout = Span::from_seconds(3600);
        let (events, result) = checked_run(&scenario, "fifo");
        let truth = result.findings.summary.truth["delivered"];
        assert_eq!(truth, 12_000, "whatever receipts say, the handsets have them");
        let early = fates(&scenario, &events)
            .values()
            .filter(|fate| match (fate.end, fate.receipt) {
                (Some((end, _)), Some((receipt, _))) => receipt < end,
                (None, Some(_)) => true,
                _ => false,
            })
            .count();
        (result.findings.summary.messages, early)
    };
    let (same, early) = outcome(ReceiptIds::Same);
    assert_eq!((same.delivered, same.unknown, early), (12_000, 0, 0));
    // Numbers count from 1,000, so those below 10,000 have four digits.
    let (padded, _) = outcome(ReceiptIds::ZeroPadded(5));
    assert_eq!((padded.delivered, padded.unknown), (3_000, 9_000));
    // A receipt for 1,234 is read as 0x1234 = 4,660: that message is not there yet, or it is another.
    let (decimal, _) = outcome(ReceiptIds::DecimalForHexadecimal);
    assert!(decimal.unknown > 10_000, "{decimal:?}");
    // 0x1000 = 4,096 is written 1000: the receipt of 4,096 is taken for one of 1,000, long ago.
    let (hexadecimal, _) = outcome(ReceiptIds::HexadecimalForDecimal);
    assert!(hexadecimal.delivered > 1_000 && hexadecimal.unknown > 5_000, "{hexadecimal:?}");
}

#[test]
fn receipts_come_late_now_and_then_and_overtake_each_other() {
    let late = "window = 10000\nreceipt-late = { probability = \"5%\", delay = \"10min\" }";
    let after = |keys: &str| {
        let scenario = world(keys, "", "10/s", "");
        let events = events_of(&scenario);
        let of = fates(&scenario, &events);
        let spans = of.values().filter_map(|fate| Some(fate.receipt?.0));
        spans.filter(|span| *span > Span::from_seconds(600)).count()
    };
    let found = after(late) as u64;
    assert!(super::support::fits(found, 12_000, 0.05), "{found}");
    assert_eq!(after("window = 10000"), 0);
    let mut shuffled = world("window = 10000", "", "10/s", "");
    let spread = Latency::Uniform { from: Span::ZERO, to: Span::from_seconds(20) };
    shuffled.destinations[0].gateway.receipt = spread;
    let events = events_of(&shuffled);
    let order: Vec<u64> = moves(&events)
        .filter(|step| step.why == Happening::ReceiptDelivered)
        .map(|step| step.record.message.id.0)
        .collect();
    assert!(order.windows(2).filter(|pair| pair[0] > pair[1]).count() > 3_000, "receipts overtake");
}

#[test]
fn receipts_tell_the_minute_of_delivery_and_not_the_second() {
    let minute = world("receipt-resolution = \"1min\"\nreceipt-duplicated = 1", "", "10/s", "");
    let events = events_of(&minute);
    let of = fates(&minute, &events);
    let mut told = std::collections::BTreeMap::new();
    for event in &events {
        if let What::DeliveryTold { message, delivered, .. } = event.what {
            assert_eq!(told.insert(message, delivered), None, "a second receipt tells nothing");
            assert!(delivered <= event.time);
        }
    }
    assert_eq!(told.len(), of.len(), "every message was delivered, and its receipt told when");
    for step in moves(&events).filter(|step| step.why == Happening::Submitted) {
        // A tenth of a second to the response, two more to the handset.
        let delivered = step.time + Span::from_milliseconds(2_100);
        let of_the_minute = delivered.as_nanoseconds() / 60_000_000_000 * 60;
        assert_eq!(told[&step.record.message.id], seconds(of_the_minute));
    }
    let unread = events_of(&world("receipt-duplicated = 1", "", "10/s", ""));
    let tells = |event: &Event| matches!(event.what, What::DeliveryTold { .. });
    assert_eq!(events.iter().filter(|event| !tells(event)).collect::<Vec<_>>(), {
        // Nothing else differs: what a receipt tells changes no decision.
        unread.iter().collect::<Vec<_>>()
    });
}

#[test]
fn a_carrier_that_tells_its_congestion_is_yielded_to_before_it_refuses() {
    // 40/s come, 20/s are processed, 400 may wait: a queue that is full after twenty seconds.
    let refused = |tells: bool, congested_at: u8| {
        let keys = format!(
            "window = 10000\ncapacity = {{ rate = \"20/s\", queue = 400 }}\ncongestion-state = {tells}"
        );
        let mut scenario = world(&keys, "", "20/s", "");
        let rate = Rate::per_second(40).expect("a valid rate");
        scenario.destinations[0].quota = Some(Quota { rate, burst: 1 });
        scenario.destinations[0].backpressure.adaptive = Some(AdaptiveRate {
            decrease_permille: 500,
            increase_permille: 50,
            interval: Span::from_seconds(10),
            floor_permille: 100,
            congested_at: Congestion(congested_at),
        });
        let events = events_of(&scenario);
        let yields = |event: &&Event| matches!(event.what, What::Yielded { .. });
        let first = events.iter().find(yields).map(|event| event.time);
        (refused_with(&events, Status::QUEUE_FULL).count(), first)
    };
    // A full queue is no throttling: whoever only hears refusals goes on as before.
    let (by_refusals, never) = refused(false, 50);
    assert!(by_refusals > 10_000 && never.is_none(), "{by_refusals}, {never:?}");
    let (none, early) = refused(true, 50);
    let (few, later) = refused(true, 90);
    let (early, later) = (early.expect("it yields"), later.expect("it yields"));
    assert_eq!((none, few), (0, 0));
    // The queue grows by 20 a second: half full after ten, nine tenths after eighteen.
    assert!(early > seconds(9) && early < seconds(11), "{early}");
    assert!(later > seconds(17) && later < seconds(19), "{later}");
}

#[test]
fn a_window_of_segments_lets_a_third_as_many_messages_of_three_through() {
    let sent = |counts: &str, segments: u32| {
        let keys = format!("window = 12\nwindow-counts = \"{counts}\"");
        let mut scenario = world(&keys, "", "100/s", "");
        scenario.destinations[0].gateway.response = Latency::Constant(Span::from_seconds(1));
        scenario.drain = Span::ZERO;
        for source in &mut scenario.sources {
            source.segments = vec![(segments, 1)];
        }
        let (events, _) = checked_run(&scenario, "scoring");
        let is_it = |step: &Move| step.why == Happening::Dispatched && step.time < seconds(600);
        moves(&events).filter(is_it).count() as f64 / 600.0
    };
    for (counts, segments, rate) in [
        ("messages", 3, 12.0),
        ("segments", 1, 12.0),
        ("segments", 3, 4.0),
        // What is larger than the window has it alone; five leave two seats empty.
        ("segments", 40, 1.0),
        ("segments", 5, 2.0),
    ] {
        let found = sent(counts, segments);
        assert!((found - rate).abs() < 0.1, "{counts} of {segments}: {found}");
    }
}
