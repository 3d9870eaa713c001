//! Who listens to a lane.

use super::control::Target;
use crate::scheduler::life::{Belief, Happening};
use crate::scheduler::message::Record;
use crate::scheduler::status::Status;
use crate::time::Time;
use crate::units::{ClassId, SenderId};

/// Listens to a lane. `()` listens to nothing, and costs nothing.
///
/// Everything that a lane decides by itself is told here, in the order in which it happens, while the call
/// that brought it about is under way; a listener cannot answer.
pub trait LaneObserver {
    /// The belief of a message moved: it was queued, refused, dispatched, parked, expired and so on, as
    /// `why` says. `record` is as after the move. `code` is the status or receipt state that came with it,
    /// or 0.
    fn moved(
        &mut self,
        now: Time,
        record: &Record,
        from: Option<Belief>,
        to: Belief,
        why: Happening,
        code: u32,
    ) {
        let _ = (now, record, from, to, why, code);
    }

    /// An attempt was answered after it had been given up.
    fn answered_late(&mut self, now: Time, record: &Record, status: Status) {
        let _ = (now, record, status);
    }

    /// A message went to the queue of another sender of its tenant, because that of `from` was too long.
    /// [`LaneObserver::moved`] told before that it was submitted.
    fn spilled(&mut self, now: Time, record: &Record, from: SenderId) {
        let _ = (now, record, from);
    }

    /// The lane yields to its carrier otherwise than before: so many thousandths of the quota are left,
    /// and nothing is sent before `held_until`.
    fn yielded(&mut self, now: Time, permille: u32, held_until: Option<Time>) {
        let _ = (now, permille, held_until);
    }

    /// Nothing of the target goes until it is resumed.
    fn paused(&mut self, now: Time, what: Target) {
        let _ = (now, what);
    }

    /// A pause of the target is over.
    fn resumed(&mut self, now: Time, what: Target) {
        let _ = (now, what);
    }

    /// A waiting message queues with this class from now on.
    fn reprioritised(&mut self, now: Time, record: &Record, class: ClassId) {
        let _ = (now, record, class);
    }
}

impl LaneObserver for () {}
