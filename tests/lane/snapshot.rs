//! A lane that is written down and read back goes on as if nothing had been.

use std::collections::BTreeSet;

use apportion::scheduler::{
    Belief, ByFlow, DeficitRoundRobin, Edf, Fifo, FlowRule, FlowUnit, FullScoring, HierarchicalDrr,
    HierarchicalWf2qPlus, Lane, Lottery, Mclock, OneNode, Policy, RestoreError, RoundRobin, Scfq,
    Scoring, ScoringOptions, Sfq, ShuffleShardFq, Snapshot, SqsFair, StrictPriority, Stride,
    TokenPartition, UsedOverWeight, VirtualClock, Vtc, WeightedRoundRobin, Wf2q, Wf2qPlus, Wfq,
};
use apportion::time::Span;
use apportion::units::Segments;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::rig::{Rig, paced, quota, reproducible};
use super::sessions::{Input, drive, drive_with, input};

/// What a policy needs to be written down.
trait Kept: Policy + Clone + Serialize + DeserializeOwned {}
impl<P: Policy + Clone + Serialize + DeserializeOwned> Kept for P {}

fn written<P: Kept>(lane: &Lane<P>) -> String {
    serde_json::to_string(&lane.snapshot()).expect("JSON can say it")
}

fn read<P: Kept>(text: &str) -> Lane<P> {
    let snapshot: Snapshot<P> = serde_json::from_str(text).expect("it was written here");
    snapshot.restore().expect("it is whole")
}

/// The life of a lane that is restarted before every third input, beside the life of one that is not.
fn check<P: Kept>(policy: P, inputs: &[(u64, Input)]) {
    let restarted = drive_with(policy.clone(), inputs, 0, |number, lane| {
        if number % 3 == 2 {
            let text = written(lane);
            *lane = read(&text);
            assert_eq!(written(lane), text, "what is read is what was written");
        }
    });
    let undisturbed = drive(policy, inputs, 0);
    assert_eq!(restarted.moves, undisturbed.moves);
    assert_eq!(restarted.late, undisturbed.late);
}

proptest! {
    #![proptest_config(reproducible())]

    #[test]
    fn a_restored_lane_continues_exactly(
        inputs in prop::collection::vec((0_u64..1500, input()), 1..60),
    ) {
        check(Scoring::new(), &inputs);
        check(Fifo::new(), &inputs);
    }
}

fn tenants<R: FlowRule>(rule: R) -> ByFlow<R> {
    ByFlow::tenants(rule)
}

#[test]
fn every_policy_is_restored() {
    let mut runner = proptest::test_runner::TestRunner::new(reproducible());
    let strategy = prop::collection::vec((0_u64..1500, input()), 50);
    for _ in 0..4 {
        let tree = strategy.new_tree(&mut runner).expect("inputs can be made");
        let inputs = proptest::strategy::ValueTree::current(&tree);
        check(FullScoring::new(ScoringOptions::default()), &inputs);
        check(tenants(RoundRobin::new()), &inputs);
        check(tenants(WeightedRoundRobin::new()), &inputs);
        check(tenants(OneNode::new(DeficitRoundRobin::new(Segments(1)))), &inputs);
        check(HierarchicalDrr::new(Segments(1)), &inputs);
        check(Wfq::new(quota(4, 1).rate), &inputs);
        check(Wf2q::new(quota(4, 1).rate), &inputs);
        check(tenants(OneNode::new(Wf2qPlus::new())), &inputs);
        check(HierarchicalWf2qPlus::new(), &inputs);
        check(tenants(Sfq::new()), &inputs);
        check(tenants(Scfq::new()), &inputs);
        check(VirtualClock::new(quota(4, 1).rate), &inputs);
        check(tenants(Stride::new()), &inputs);
        check(ByFlow::of(FlowUnit::Class, StrictPriority::new()), &inputs);
        check(Edf::new(), &inputs);
        check(tenants(SqsFair::new()), &inputs);
        check(ShuffleShardFq::new(8, 3), &inputs);
        check(tenants(UsedOverWeight::new(Span::from_seconds(1))), &inputs);
        check(tenants(Vtc::new()), &inputs);
        check(tenants(Mclock::new()), &inputs);
        check(TokenPartition::new(quota(4, 1).rate), &inputs);
        check(Lottery::new(), &inputs);
    }
}

/// A lane with three messages, as JSON that can be spoilt.
fn three_waiting() -> Value {
    let mut rig = Rig::new(paced(1, 1), Fifo::new());
    rig.attach(0, None, 1);
    for _ in 0..3 {
        rig.put(0, 0);
    }
    serde_json::to_value(rig.lane.snapshot()).expect("JSON can say it")
}

fn restored(value: Value) -> Result<Lane<Fifo>, RestoreError> {
    serde_json::from_value::<Snapshot<Fifo>>(value).expect("its shape is kept").restore()
}

/// Adds the names of all fields below, wherever they lie. Keys that are numbers are ids.
fn name_fields(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name.parse::<u64>().is_err() {
                    names.insert(name.clone());
                }
                name_fields(value, names);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| name_fields(value, names)),
        _ => {}
    }
}

/// Adds the fields of a lane before each of the inputs.
fn name_kept<P: Kept>(policy: P, inputs: &[(u64, Input)], names: &mut BTreeSet<String>) {
    drive_with(policy, inputs, 0, |_, lane| {
        name_fields(&serde_json::from_str(&written(lane)).expect("it was written here"), names);
    });
}

/// Whoever changes what is remembered is told that snapshots are of another format by it: raise
/// `FORMAT`, then write down here what is found.
#[test]
fn what_a_lane_remembers_has_a_format_of_its_own() {
    let mut runner = proptest::test_runner::TestRunner::new(reproducible());
    let strategy = prop::collection::vec((0_u64..1500, input()), 100);
    let mut names = BTreeSet::new();
    for _ in 0..4 {
        let tree = strategy.new_tree(&mut runner).expect("inputs can be made");
        let inputs = proptest::strategy::ValueTree::current(&tree);
        name_kept(Scoring::new(), &inputs, &mut names);
        name_kept(FullScoring::new(ScoringOptions::default()), &inputs, &mut names);
        name_kept(HierarchicalDrr::new(Segments(1)), &inputs, &mut names);
        name_kept(HierarchicalWf2qPlus::new(), &inputs, &mut names);
        name_kept(tenants(OneNode::new(Wf2qPlus::new())), &inputs, &mut names);
        name_kept(Wf2q::new(quota(4, 1).rate), &inputs, &mut names);
        name_kept(tenants(Mclock::new()), &inputs, &mut names);
        name_kept(ShuffleShardFq::new(8, 3), &inputs, &mut names);
        name_kept(tenants(UsedOverWeight::new(Span::from_seconds(1))), &inputs, &mut names);
        name_kept(TokenPartition::new(quota(4, 1).rate), &inputs, &mut names);
        name_kept(Lottery::new(), &inputs, &mut names);
    }
    let listed = names.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let format = serde_json::to_value(Lane::new(paced(1, 1), Fifo::new()).snapshot())
        .expect("JSON can say it")["format"]
        .clone();
    let found = (format, names.len(), xxhash_rust::xxh3::xxh3_64(listed.as_bytes()));
    assert_eq!(found, (json!(3), 249, 2_481_849_084_337_784_525), "{listed}");
}

#[test]
fn a_snapshot_of_another_version_is_refused() {
    let mut value = three_waiting();
    assert_eq!(restored(value.clone()).map(|lane| lane.counts().live()), Ok(3));
    value["format"] = json!(0);
    let error = restored(value).err();
    assert_eq!(error, Some(RestoreError::OtherFormat { found: 0, known: 3 }));
}

#[test]
fn a_snapshot_that_is_not_whole_is_refused() {
    let mut value = three_waiting();
    value["lane"]["counts"]["held"][Belief::Queued as usize] = json!([4, 4]);
    let error = restored(value).expect_err("a message is missing");
    let (belief, counted, found) = (Belief::Queued, 4, 3);
    assert_eq!(error, RestoreError::LedgersDisagree { belief, counted, found });
    assert_eq!(error.to_string(), "the snapshot counts 4 messages as queued and holds 3");
}
