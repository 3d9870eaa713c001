use std::collections::BTreeMap;

use serde_json::Value;

use super::super::sample;
use super::*;
use crate::scenario::{Registries, resolve_text};
use crate::scheduler::Message;
use crate::units::SenderId;

fn scenario() -> Scenario {
    let text = "description = \"x\"\nduration = \"100s\"\n[[destination]]\nname = \"us\"\n\
                quota = \"10/s\"\n[[tenant]]\nname = \"a\"\ncount = 2\n[[tenant.traffic]]\n\
                kind = \"constant\"\nrate = \"1/s\"\n";
    let registries = Registries { metrics: &[], policies: &["scoring"], detectors: &["scores"] };
    let loaded = resolve_text("x.toml", text, Path::new(""), &[], registries);
    loaded.unwrap_or_else(|error| panic!("{error}")).scenario
}

fn event(ms: u64, what: What) -> Event {
    let time = Time::from_nanoseconds(ms * 1_000_000);
    Event { time, destination: Some(DestinationId(0)), what }
}

fn moved(ms: u64, id: u64, from: Option<Belief>, to: Belief, why: Happening) -> Event {
    let message = Message {
        id: MessageId(id),
        key: id,
        reference: id,
        tenant: TenantId((id % 2) as u32),
        sender: SenderId(0),
        class: ClassId(0),
        segments: Segments(2),
        expires: Time::NEVER,
    };
    let attempts = u32::from(to != Belief::Queued);
    let record = Record { message, submitted: Time::ZERO, first_dispatch: Time::NEVER, attempts };
    event(ms, What::Moved { record, from, to, why, code: 0 })
}

/// Each message is queued at its number, sent 10 ms later and answered 25 ms after that.
fn traced(messages: u64, most: usize) -> Timeline {
    use Belief as B;
    let mut events: Vec<Event> = Vec::new();
    for id in 0..messages {
        let at = id * 10;
        events.push(moved(at, id, None, B::Queued, Happening::Submitted));
        events.push(moved(at + 10, id, Some(B::Queued), B::InFlight, Happening::Dispatched));
        let answered = Happening::AnsweredAccepted;
        events.push(moved(at + 35, id, Some(B::InFlight), B::Accepted, answered));
    }
    events.push(event(5, What::SessionUp(SessionId(0))));
    events.push(event(messages * 10, What::SessionDown(SessionId(0))));
    events.sort_by_key(|event| event.time);
    let mut timeline = Timeline::with_at_most(&scenario(), most);
    for event in &events {
        assert_eq!(timeline.record(event), Flow::Continue);
    }
    let end = Event { destination: None, ..event(messages * 10 + 100, What::RunOver) };
    assert_eq!(timeline.record(&end), Flow::Continue);
    timeline
}

fn written(timeline: &Timeline) -> Value {
    let mut bytes = Vec::new();
    write::write(timeline, &sample::findings().summary, &mut bytes).expect("memory takes all");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn of_kind<'a>(trace: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> + 'a {
    let events = trace["traceEvents"].as_array().expect("events").iter();
    events.filter(move |event| event["ph"] == kind)
}

/// Spans by track, each as start and end in nanoseconds.
fn tracks(trace: &Value) -> BTreeMap<(u64, u64), Vec<(u64, u64)>> {
    let ns = |value: &Value| (value.as_f64().expect("a number") * 1_000.0).round() as u64;
    let mut tracks: BTreeMap<(u64, u64), Vec<(u64, u64)>> = BTreeMap::new();
    for span in of_kind(trace, "X") {
        let track =
            (span["pid"].as_u64().expect("a process"), span["tid"].as_u64().expect("a track"));
        let start = ns(&span["ts"]);
        tracks.entry(track).or_default().push((start, start + ns(&span["dur"])));
    }
    tracks
}

/// The spans of a track that overlap: there must be none.
fn overlaps(spans: &[(u64, u64)]) -> usize {
    let mut spans = spans.to_vec();
    spans.sort_unstable();
    spans.windows(2).filter(|pair| pair[1].0 < pair[0].1).count()
}

#[test]
fn attempts_lie_on_as_many_tracks_as_are_unanswered_at_a_time_and_never_overlap() {
    let trace = written(&traced(50, 1_000));
    let tracks = tracks(&trace);
    assert!(tracks.values().all(|spans| overlaps(spans) == 0));
    let slots = tracks.keys().filter(|(_, tid)| *tid >= 100_000).count();
    assert_eq!(slots, 3, "25 ms of answering, one every 10 ms");
    assert_eq!(of_kind(&trace, "X").filter(|span| span["cat"] == "attempt").count(), 50);
    let first = of_kind(&trace, "X").find(|span| span["args"]["message"] == 0).expect("message 0");
    assert_eq!((&first["ts"], &first["dur"]), (&10_000.0.into(), &25_000.0.into()));
    assert_eq!(first["args"]["status"], "ESME_ROK");
    // The red side: everything on one track.
    let all: Vec<(u64, u64)> = tracks
        .iter()
        .filter(|((_, tid), _)| *tid >= 100_000)
        .flat_map(|(_, spans)| spans.clone())
        .collect();
    assert!(overlaps(&all) > 20);
    assert_eq!(trace["otherData"]["attempts"], "all");
}

#[test]
fn too_many_attempts_are_thinned_out_by_message_and_that_is_said() {
    let timeline = traced(1_000, 100);
    let trace = written(&timeline);
    let kept = of_kind(&trace, "X").filter(|span| span["cat"] == "attempt").count();
    assert!(kept <= 100 && kept > 20, "{kept}");
    let note = trace["otherData"]["attempts"].as_str().expect("text");
    assert!(note.contains(&format!("{kept} of 1000")), "{note}");
    assert!(of_kind(&trace, "X").all(|span| span["args"]["result"] != "unanswered"));
}

#[test]
fn counters_go_forward_in_time_and_tell_what_waits_and_what_was_sent() {
    let timeline = traced(50, 1_000);
    let trace = written(&timeline);
    let mut last: BTreeMap<&str, f64> = BTreeMap::new();
    let mut seen = 0;
    for counter in of_kind(&trace, "C") {
        let name = counter["name"].as_str().expect("a name");
        let ts = counter["ts"].as_f64().expect("a number");
        assert!(last.insert(name, ts).is_none_or(|before| before < ts), "{name} at {ts}");
        seen += 1;
    }
    assert_eq!(last.len(), 4);
    assert!(seen as u64 <= 4 * (MOST_SAMPLES + 2));
    let sent: u64 = timeline.counters[0].samples.iter().flat_map(|one| &one.sent).sum();
    assert_eq!(sent, 100, "every segment is in one sample");
    let last = timeline.counters[0].samples.last().expect("some");
    assert_eq!((last.waiting.iter().sum::<u64>(), last.unanswered), (0, 0));
}

#[test]
fn what_still_lasts_ends_with_the_run() {
    let mut timeline = Timeline::with_at_most(&scenario(), 10);
    let sent = moved(0, 0, None, Belief::InFlight, Happening::Dispatched);
    for event in [event(0, What::SessionUp(SessionId(0))), sent, event(1_000, What::RunOver)] {
        assert_eq!(timeline.record(&event), Flow::Continue);
    }
    let trace = written(&timeline);
    for span in of_kind(&trace, "X") {
        assert_eq!(span["dur"], 1_000_000.0, "{span}");
    }
    assert_eq!(of_kind(&trace, "X").count(), 2);
}
