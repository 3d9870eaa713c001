//! Where two runs part: the first event that differs.

use super::run::build_detector;
use crate::event::{Event, Flow, Sink};
use crate::model::{Setup, SetupError, simulate};
use crate::scenario::Scenario;
use crate::scheduler::PolicyInfo;

/// Events compared at once; two blocks of them are all that is ever held.
const BLOCK: usize = 1 << 16;

/// One of the two runs.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Its scenario.
    pub scenario: &'a Scenario,
    /// Its policy.
    pub policy: &'a PolicyInfo,
    /// Its seed.
    pub seed: u64,
}

/// The first event that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstDifference {
    /// Its place among all events, from 0.
    pub place: u64,
    /// The event that both had just before.
    pub before: Option<Event>,
    /// The first run's event; `None` when it had ended.
    pub left: Option<Event>,
    /// The second run's.
    pub right: Option<Event>,
}

/// Runs both again and compares event by event. `None` when they are equal.
///
/// Each side runs twice: once for a running hash at the end of every block of events, which tells the
/// block in which they part, and once up to the end of that block, to keep its events. So memory stays
/// bounded however long the runs are.
///
/// # Errors
/// When a run cannot begin.
pub fn first_difference(
    left: Side<'_>,
    right: Side<'_>,
) -> Result<Option<FirstDifference>, SetupError> {
    // First where, by running hashes of growing blocks; then what, by one look at that block.
    let marks = (marks_of(left)?, marks_of(right)?);
    let block = marks.0.iter().zip(&marks.1).position(|(one, other)| one != other);
    let block = match block {
        Some(block) => block,
        None if marks.0.len() == marks.1.len() => return Ok(None),
        None => marks.0.len().min(marks.1.len()),
    };
    let from = (block * BLOCK) as u64;
    let (one, other) = (events_of(left, from)?, events_of(right, from)?);
    let length = one.events.len().max(other.events.len());
    for place in 0..length {
        let (a, b) = (one.events.get(place), other.events.get(place));
        if a != b {
            let before = if place > 0 { one.events.get(place - 1).copied() } else { one.before };
            return Ok(Some(FirstDifference {
                place: from + place as u64,
                before,
                left: a.copied(),
                right: b.copied(),
            }));
        }
    }
    Ok(None)
}

fn marks_of(side: Side<'_>) -> Result<Vec<u128>, SetupError> {
    let mut marks = Marks { hash: xxhash_rust::xxh3::Xxh3::new(), count: 0, marks: Vec::new() };
    run_side(side, &mut marks)?;
    marks.marks.push(marks.hash.digest128());
    Ok(marks.marks)
}

fn events_of(side: Side<'_>, from: u64) -> Result<Block, SetupError> {
    let mut block = Block { skip: from, before: None, events: Vec::new() };
    run_side(side, &mut block)?;
    Ok(block)
}

fn run_side<S: Sink>(side: Side<'_>, sink: S) -> Result<(), SetupError> {
    let setup = Setup { scenario: side.scenario, seed: side.seed };
    simulate(setup, side.policy, build_detector(side.scenario), sink).map(drop)
}

/// A hash at the end of each block.
struct Marks {
    hash: xxhash_rust::xxh3::Xxh3,
    count: usize,
    marks: Vec<u128>,
}

impl Sink for Marks {
    fn record(&mut self, event: &Event) -> Flow {
        let place = event.destination.map_or(u16::MAX, |destination| destination.0);
        self.hash.update(&place.to_le_bytes());
        self.hash.update(&crate::event::encode(event));
        self.count += 1;
        if self.count.is_multiple_of(BLOCK) {
            self.marks.push(self.hash.digest128());
        }
        Flow::Continue
    }
}

/// The events of one block.
struct Block {
    skip: u64,
    before: Option<Event>,
    events: Vec<Event>,
}

impl Sink for Block {
    fn record(&mut self, event: &Event) -> Flow {
        if self.skip > 0 {
            self.skip -= 1;
            self.before = Some(*event);
            return Flow::Continue;
        }
        self.events.push(*event);
        if self.events.len() > BLOCK { Flow::Stop } else { Flow::Continue }
    }
}
