//! Each kind of fault does what it says, to whom it says, while it lasts.
//!
//! Each test compares a run with the fault and the same run without it, on the same luck; what the
//! test asserts of the one is false of the other.

use apportion::event::{Event, What};
use apportion::experiment::RunResult;
use apportion::scenario::Scenario;
use apportion::scheduler::{Happening, ReceiptState, Status, Truth};
use apportion::time::{Span, Time};

use super::support::{Move, checked_run, fates, fits, moves, scenario, seconds};

const START: u64 = 60;
const END: u64 = 120;

/// Twenty messages a second of two tenants with two senders each; answers after a second, deliveries
/// after two more, receipts one later. `gateway` and `fault` are TOML.
fn world(gateway: &str, fault: &str) -> Scenario {
    let fault = match fault {
        "" => String::new(),
        fault => format!("[[fault]]\nstart = \"60s\"\nduration = \"60s\"\n{fault}"),
    };
    scenario(&format!(
        r#"
duration = "4min"
drain = "1h"
[[destination]]
name = "us"
quota = "50/s"
burst = 5
response-timeout = "30s"
[destination.gateway]
sessions = 4
window = 100
response = "1s"
delivery = "2s"
receipt = "1s"
{gateway}
[destination.retry]
temporary = {{ attempts = 9, first-wait = "2s", place = "tail" }}
throttled = {{ attempts = 30, first-wait = "1s", longest-wait = "2s" }}
unknown = {{ attempts = 3, first-wait = "1s" }}
[[tenant]]
name = "a"
senders = 2
[[tenant.traffic]]
kind = "poisson"
rate = "10/s"
[[tenant]]
name = "b"
senders = 2
[[tenant.traffic]]
kind = "poisson"
rate = "10/s"
{fault}
"#
    ))
}

struct Run {
    scenario: Scenario,
    events: Vec<Event>,
    result: RunResult,
}

fn run(gateway: &str, fault: &str) -> Run {
    let scenario = world(gateway, fault);
    let (events, result) = checked_run(&scenario, "scoring");
    Run { scenario, events, result }
}

impl Run {
    /// Moves for one reason in a range of seconds.
    fn moves(&self, why: Happening, from: u64, until: u64) -> impl Iterator<Item = Move> + '_ {
        let when = seconds(from)..seconds(until);
        moves(&self.events).filter(move |step| step.why == why && when.contains(&step.time))
    }

    fn count(&self, why: Happening, from: u64, until: u64) -> u64 {
        self.moves(why, from, until).count() as u64
    }

    fn truths(&self, to: Truth) -> u64 {
        let is_it = |event: &&Event| matches!(event.what, What::TruthMoved { to: found, .. } if found == to);
        self.events.iter().filter(is_it).count() as u64
    }

    /// Times of a session's going up or down.
    fn sessions(&self, up: bool) -> Vec<Time> {
        let of = |event: &Event| match event.what {
            What::SessionUp(_) if up => Some(event.time),
            What::SessionDown(_) if !up => Some(event.time),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    fn delivered_all_but(&self, lost: u64) {
        let messages = &self.result.findings.summary.messages;
        assert_eq!(messages.delivered + lost, messages.submitted);
    }
}

#[test]
fn without_a_fault_everything_is_delivered_once_and_in_time() {
    let run = run("", "");
    run.delivered_all_but(0);
    assert_eq!(run.result.findings.summary.messages.duplicates, 0);
    assert_eq!(run.result.findings.summary.attempts["outcome_unknown"], 0);
    assert_eq!((run.sessions(false).len(), run.sessions(true).len()), (0, 4));
}

#[test]
fn a_session_drop_loses_the_answers_on_its_sessions_and_leaves_the_others() {
    let run = run("reconnect = \"5s\"", "kind = \"session-drop\"\nsessions = 3");
    assert_eq!(run.sessions(false), [seconds(START); 3]);
    assert_eq!(run.sessions(true)[4..], [seconds(END + 5); 3], "it takes time to reconnect");
    // A second of twenty messages is unanswered, three quarters of it on the lost sessions.
    let unknown = run.count(Happening::OutcomeUnknownRetry, START, START + 1);
    assert!((8..=22).contains(&unknown), "{unknown}");
    let lost: Vec<u16> = run
        .moves(Happening::OutcomeUnknownRetry, START, START + 1)
        .map(|step| step.time == seconds(START))
        .map(u16::from)
        .collect();
    assert!(lost.iter().all(|at_the_start| *at_the_start == 1));
    let sent = run.count(Happening::Dispatched, START, END);
    assert!(sent > 1_000, "the fourth session goes on: {sent}");
    assert_eq!(run.result.findings.summary.messages.duplicates, unknown, "each was sent again");
    run.delivered_all_but(0);
}

#[test]
fn flapping_sessions_go_down_and_up_until_it_is_over() {
    let run = run("", "kind = \"flap\"\nsessions = 4\ndown = \"10s\"\nup = \"15s\"");
    let at = |times: &[u64]| -> Vec<Time> {
        times.iter().flat_map(|time| [seconds(*time); 4]).collect()
    };
    assert_eq!(run.sessions(false), at(&[60, 85, 110]));
    assert_eq!(run.sessions(true)[4..], at(&[70, 95, 120]), "the last one with the fault's end");
    assert_eq!(run.count(Happening::Dispatched, 60, 70), 0);
    assert!(run.count(Happening::Dispatched, 70, 85) > 300);
    assert_eq!(run.count(Happening::Dispatched, 85, 95), 0);
    assert_eq!(run.count(Happening::ReceiptDelivered, 85, 95), 0, "nobody is there to take them");
    run.delivered_all_but(0);
}

#[test]
fn a_brownout_refuses_some_and_slows_the_answers_of_all() {
    let fault = "kind = \"brownout\"\nfraction = 0.3\nstatus = \"ESME_RSYSERR\"\nfactor = 2.5";
    let run = run("", fault);
    let refused = run.count(Happening::AnsweredRetry, START + 3, END);
    let taken = run.count(Happening::AnsweredAccepted, START + 3, END);
    assert!(fits(refused, refused + taken, 0.3), "{refused} of {}", refused + taken);
    let answers: Vec<(Time, Span)> = answer_times(&run);
    let slow = |(sent, took): &(Time, Span)| {
        let strikes = (seconds(START)..seconds(END)).contains(sent);
        *took == Span::from_milliseconds(if strikes { 2_500 } else { 1_000 })
    };
    assert!(answers.iter().all(slow));
    run.delivered_all_but(0);
}

/// When each attempt was sent, and how long its answer took.
fn answer_times(run: &Run) -> Vec<(Time, Span)> {
    let mut sent = std::collections::BTreeMap::new();
    let mut answers = Vec::new();
    for step in moves(&run.events) {
        let key = (step.record.message.id, step.record.attempts);
        match step.why {
            Happening::Dispatched => {
                sent.insert(key, step.time);
            }
            Happening::AnsweredAccepted | Happening::AnsweredRetry => {
                answers.push((sent[&key], step.time - sent[&key]));
            }
            _ => {}
        }
    }
    answers
}

#[test]
fn slow_responses_grow_and_shrink_on_their_ramps() {
    let run = run("", "kind = \"slow-response\"\nfactor = 5\nramp = \"20s\"");
    for (sent, took) in answer_times(&run) {
        let into = sent.since(seconds(START)).min(seconds(END).since(sent));
        let inside = (seconds(START)..seconds(END)).contains(&sent);
        // Four seconds more after twenty: 0.2 ms a millisecond, in whole thousandths of a second.
        let expected = match into.as_nanoseconds() / 1_000_000 {
            _ if !inside => 1_000,
            ms => 1_000 + (ms / 5).min(4_000),
        };
        let found = took.as_nanoseconds() / 1_000_000;
        assert!(found.abs_diff(expected) <= 1, "sent at {sent}: {found} ms, expected {expected}");
    }
}

#[test]
fn throttling_lets_its_limit_through_and_refuses_the_rest() {
    let run = run("", "kind = \"throttle\"\nlimit = \"7/s\"\nburst = 7");
    let throttled = |step: &Move| step.code == Status::THROTTLED.0;
    let refused = run.moves(Happening::AnsweredRetry, START, END + 1).filter(throttled).count();
    assert!(refused > 500, "{refused}");
    // Taken from the second after the start to the second after the end: burst and a minute's rate.
    let taken = run.count(Happening::AnsweredAccepted, START + 1, END + 1);
    assert!((7 * 60 - 7..=7 + 7 * 60).contains(&taken), "{taken}");
    assert_eq!(run.count(Happening::AnsweredRetry, 0, START + 1), 0);
    run.delivered_all_but(0);
}

#[test]
fn a_rate_cut_makes_attempts_wait_unanswered() {
    let run = run("", "kind = \"rate-cut\"\nrate = \"5/s\"");
    let late = |event: &&Event| {
        matches!(event.what, What::LateAnswer { .. })
            && (seconds(START + 2)..seconds(END)).contains(&event.time)
    };
    let answered = run.count(Happening::AnsweredAccepted, START + 2, END)
        + run.events.iter().filter(late).count() as u64;
    assert!((5 * 58 - 1..=5 * 58 + 1).contains(&answered), "five a second: {answered}");
    let unknown = run.result.findings.summary.attempts["outcome_unknown"];
    assert!(unknown > 300, "what waits for more than 30 s is given up: {unknown}");
    let refused = run.count(Happening::AnsweredRetry, 0, 3_600);
    assert_eq!(refused, 0, "nothing is refused");
}

#[test]
fn a_blackhole_swallows_attempts_and_they_are_sent_again_after_the_time_out() {
    let run = run("", "kind = \"blackhole\"\nfraction = 0.4");
    let sent = run.count(Happening::Dispatched, START, END);
    let unknown = run.count(Happening::OutcomeUnknownRetry, START + 30, END + 30);
    assert!(fits(unknown, sent, 0.4), "{unknown} of {sent}");
    assert_eq!(run.count(Happening::OutcomeUnknownRetry, 0, START + 30), 0, "after 30 s");
    assert_eq!(run.result.findings.summary.messages.duplicates, 0, "the carrier never had them");
    let carrier = run.result.outcome.carriers[0];
    assert_eq!(
        carrier.attempts - carrier.delivered,
        run.result.findings.summary.attempts["outcome_unknown"]
    );
}

#[test]
fn filtering_takes_messages_and_never_delivers_them() {
    let silent = run("", "kind = \"filtering\"\nfraction = 0.25");
    let sent = silent.count(Happening::Dispatched, START, END);
    let lost = silent.truths(Truth::Lost);
    assert!(fits(lost, sent, 0.25), "{lost} of {sent}");
    assert_eq!(silent.count(Happening::ReceiptFailed, 0, 3_600), 0);
    let told = run("", "kind = \"filtering\"\nfraction = 0.25\nreceipts = true");
    assert_eq!((told.truths(Truth::Lost), told.truths(Truth::Rejected)), (0, lost));
    let rejected = |step: &Move| step.code == ReceiptState::Rejected as u32;
    assert_eq!(
        told.moves(Happening::ReceiptFailed, 0, 3_600).filter(rejected).count() as u64,
        lost
    );
    told.delivered_all_but(lost);
}

#[test]
fn delayed_receipts_come_late_and_the_messages_do_not() {
    let run = run("", "kind = \"receipt-delay\"\ndelay = \"90s\"");
    let healthy = super::failures::run("", "");
    for (key, fate) in fates(&run.scenario, &run.events) {
        let (end, receipt) = (fate.end.expect("delivered"), fate.receipt.expect("told"));
        assert_eq!(end.0, Span::from_seconds(3), "{key:?}");
        let late = receipt.0 - Span::from_seconds(4);
        assert!(late == Span::ZERO || late == Span::from_seconds(90), "{key:?}: {late}");
    }
    let in_force = |run: &Run| run.count(Happening::ReceiptDelivered, START + 4, END);
    assert_eq!(in_force(&run), 0);
    assert!(in_force(&healthy) > 1_000);
    let sent = run.count(Happening::Dispatched, START, END);
    let late = run.count(Happening::ReceiptDelivered, START + 94, END + 94);
    let usual = run.count(Happening::ReceiptDelivered, END + 4, END + 94)
        - run.count(Happening::Dispatched, END, END + 90);
    assert!(usual > 0 && late >= sent, "{late} receipts for {sent} messages");
}

#[test]
fn lost_receipts_leave_messages_accepted_and_duplicate_ones_change_nothing() {
    let lost = run("", "kind = \"receipt-loss\"\nfraction = 0.5");
    let sent = lost.count(Happening::Dispatched, START, END);
    let messages = &lost.result.findings.summary.messages;
    let untold = messages.submitted - messages.delivered;
    assert!(fits(untold, sent, 0.5), "{untold} of {sent}");
    assert_eq!(lost.truths(Truth::Delivered), messages.submitted, "the handsets have them");

    let twice = run("", "kind = \"receipt-duplicate\"\nfraction = 0.5");
    twice.delivered_all_but(0);
    assert_eq!(twice.result.findings.summary.messages.duplicates, 0, "one handset, two receipts");
    let (healthy, entries) = (run("", ""), |run: &Run| run.result.outcome.calendar_events);
    let extra = entries(&twice) - entries(&healthy);
    assert!(fits(extra, sent, 0.5), "{extra} second receipts of {sent}");
}

#[test]
fn a_bad_list_fails_for_its_tenant_for_good() {
    let run =
        run("", "kind = \"bad-list\"\ntenant = \"b\"\nfraction = 0.3\nstatus = \"ESME_RSYSERR\"");
    let of = |tenant: u32| move |step: &Move| step.record.message.tenant.0 == tenant;
    assert_eq!(run.moves(Happening::AnsweredRetry, 0, 3_600).filter(of(0)).count(), 0);
    let sent = run.moves(Happening::Submitted, START, END).filter(of(1)).count() as u64;
    let first = |step: &Move| step.record.attempts == 1 && step.record.message.tenant.0 == 1;
    let hit = run.moves(Happening::AnsweredRetry, START, END + 1).filter(first).count() as u64;
    assert!(fits(hit, sent, 0.3), "{hit} of {sent}");
    // Whoever was hit is hit again by every retry while it lasts: the number stays wrong.
    let again = run
        .moves(Happening::AnsweredAccepted, START + 10, END)
        .filter(|step| step.record.attempts > 1)
        .count();
    assert_eq!(again, 0);
}

#[test]
fn a_blocked_sender_is_refused_and_its_neighbour_is_not() {
    let run = run("", "kind = \"sender-block\"\ntenant = \"b\"\nsender = \"sender-2\"");
    let refused: Vec<Move> = run.moves(Happening::AnsweredPermanent, 0, 3_600).collect();
    assert!(refused.len() > 200, "{}", refused.len());
    let blocked = refused[0].record.message.sender;
    let is_blocked = |step: &Move| {
        step.record.message.sender == blocked
            && step.record.message.tenant.0 == 1
            && step.code == Status::INVALID_SENDER.0
    };
    assert!(refused.iter().all(is_blocked));
    let got_through = run
        .moves(Happening::AnsweredAccepted, START + 1, END + 1)
        .filter(|step| step.record.message.sender == blocked)
        .count();
    assert_eq!(got_through, 0);
}

#[test]
fn a_fault_scoped_to_a_class_or_sender_spares_the_others() {
    let fault = "kind = \"error-burst\"\ntenant = \"a\"\nsender = \"sender-1\"\nfraction = 1\n\
                 status = \"ESME_RINVSRCADR\"";
    let run = run("", fault);
    let refused: Vec<Move> = run.moves(Happening::AnsweredPermanent, 0, 3_600).collect();
    let sender = refused[0].record.message.sender;
    assert!(refused.iter().all(|step| step.record.message.sender == sender));
    let sent =
        run.moves(Happening::Dispatched, START, END).filter(|s| s.record.message.sender == sender);
    assert_eq!(refused.len(), sent.count());
}

#[test]
fn faults_that_overlap_strike_together() {
    let both = "kind = \"error-burst\"\nname = \"one\"\nfraction = 0.5\nstatus = \"ESME_RINVDSTADR\"\n\
                [[fault]]\nstart = \"60s\"\nduration = \"60s\"\nkind = \"error-burst\"\nname = \"two\"\n\
                fraction = 0.5\nstatus = \"ESME_RINVSRCADR\"";
    let run = run("", both);
    let sent = run.count(Happening::Dispatched, START, END);
    let with = |status: Status| {
        run.moves(Happening::AnsweredPermanent, START, END + 1)
            .filter(|step| step.code == status.0)
            .count() as u64
    };
    // Their luck is their own: the second strikes half of what the first leaves.
    let (first, second) = (with(Status::INVALID_RECIPIENT), with(Status::INVALID_SENDER));
    assert!(fits(first, sent, 0.5) && fits(second, sent, 0.25), "{first}, {second} of {sent}");
}

#[test]
fn a_carriers_own_limits_throttle_what_our_quota_lets_through() {
    for (gateway, rate) in [
        ("limit = \"12/s\"\nlimit-burst = 12", 12),
        ("session-limit = \"3/s\"\nsession-burst = 3", 12),
        ("session-limit = \"10/s\"\nlimit = \"8/s\"\nlimit-burst = 8", 8),
    ] {
        let run = run(gateway, "");
        let taken = run.count(Happening::AnsweredAccepted, 10, 210) as f64 / 200.0;
        assert!((taken - f64::from(rate)).abs() < 0.3, "{gateway}: {taken} a second");
        let throttled = run.moves(Happening::AnsweredRetry, 0, 240);
        assert!(throttled.count() > 300);
    }
}

#[test]
fn a_carriers_capacity_delays_answers_and_its_full_queue_refuses() {
    let waits = run("capacity = { rate = \"15/s\", queue = 1000 }", "");
    let answered = waits.count(Happening::AnsweredAccepted, 30, 200) as f64 / 170.0;
    assert!((answered - 15.0).abs() < 0.2, "{answered} a second");
    assert_eq!(waits.count(Happening::AnsweredRetry, 0, 240), 0);
    let full = run("capacity = { rate = \"15/s\", queue = 20 }", "");
    let slowest = answer_times(&full).into_iter().map(|(_, took)| took).max();
    // Twenty segments wait for 20 ÷ 15 s, and the answer itself takes a second.
    let most = Span::from_milliseconds(1_000 + 1_334);
    assert!(slowest.is_some_and(|slowest| slowest <= most), "{slowest:?}");
    let is_full = |step: &Move| step.code == Status::QUEUE_FULL.0;
    assert!(full.moves(Happening::AnsweredRetry, 0, 240).filter(is_full).count() > 300);
}

#[test]
fn absent_subscribers_are_tried_again_and_given_up_at_last() {
    let gateway = "absent = { probability = 0.2, away = { uniform = { from = \"1s\", to = \"40s\" } }, \
                   retry = \"10s\", validity = \"30s\" }";
    let run = run(gateway, "");
    let mut found = [0_u64; 5];
    for fate in fates(&run.scenario, &run.events).values() {
        let (after, truth) = fate.end.expect("each comes to an end");
        let since_answer = (after - Span::from_seconds(1)).as_nanoseconds() / 1_000_000_000;
        match (since_answer, truth) {
            (2, Truth::Delivered) => found[0] += 1,
            (12 | 22 | 32, Truth::Delivered) => found[since_answer as usize / 10] += 1,
            (30, Truth::Rejected) => {
                assert_eq!(fate.receipt.expect("told").1, ReceiptState::Expired as u32);
                found[4] += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    let all = found.iter().sum();
    assert!(fits(found[0], all, 0.8), "{found:?}");
    // Away for 1 to 40 s: 9/39 of them until the first try, 10/39 until each of the next two.
    assert!(fits(found[1], all, 0.2 * 9.0 / 39.0), "{found:?}");
    assert!(fits(found[3], all, 0.2 * 10.0 / 39.0), "{found:?}");
    assert!(fits(found[4], all, 0.2 * 10.0 / 39.0), "{found:?}");
}
