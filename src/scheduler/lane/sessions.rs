//! Sessions and their windows of unanswered attempts.

use alloc::vec::Vec;

use super::Lane;
use crate::scheduler::policy::Policy;
use crate::units::{QueueId, Segments, SessionId};

/// What happens to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// It is bound, and allows this many unanswered attempts.
    Up {
        /// Unanswered attempts it allows.
        window: u32,
    },
    /// It is gone; the outcome of its unanswered attempts is unknown.
    Down,
}

/// What a window of unanswered attempts counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum WindowUnit {
    /// Attempts, as SMPP does.
    #[default]
    Messages,
    /// Their segments: a message takes a seat for each for as long as its answer takes. One of more
    /// segments than the window has seats takes all of them.
    Segments,
}

impl<P: Policy> Lane<P> {
    /// What the windows of its sessions count; to be said before the first message.
    pub fn count_windows_by(&mut self, unit: WindowUnit) {
        self.sessions.count_by(unit);
    }

    /// Whether any session has room for the message that is first in a queue.
    pub(super) fn has_room(&self, queue: QueueId) -> bool {
        self.sessions.has_room(|| {
            let head = self.directory.queue(queue).messages.head();
            head.map_or(Segments(1), |slot| self.store.segments(slot))
        })
    }
}

#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Sessions {
    sessions: Vec<Session>,
    /// Where the search for the next free seat begins: sessions take turns.
    turn: usize,
    free_seats: u32,
    unit: WindowUnit,
}

#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Session {
    window: u32,
    /// Seats taken.
    unanswered: u32,
    is_up: bool,
}

impl Session {
    fn free(&self) -> u32 {
        if self.is_up { self.window.saturating_sub(self.unanswered) } else { 0 }
    }

    /// Seats that a message takes.
    fn seats(&self, unit: WindowUnit, segments: Segments) -> u32 {
        match unit {
            WindowUnit::Messages => 1,
            WindowUnit::Segments => segments.0.min(self.window),
        }
    }

    fn has_room(&self, unit: WindowUnit, segments: Segments) -> bool {
        self.free() > 0 && self.free() >= self.seats(unit, segments)
    }
}

impl Sessions {
    /// What windows count; to be said before the first attempt.
    pub(super) fn count_by(&mut self, unit: WindowUnit) {
        self.unit = unit;
    }

    /// Whether any session has room for a message.
    fn has_room(&self, segments: impl FnOnce() -> Segments) -> bool {
        match self.unit {
            WindowUnit::Messages => self.free_seats > 0,
            WindowUnit::Segments => {
                let segments = segments();
                self.sessions.iter().any(|session| session.has_room(self.unit, segments))
            }
        }
    }

    /// Seats one attempt, on the sessions in turn.
    ///
    /// # Panics
    /// When no session has room for it.
    pub(super) fn seat(&mut self, segments: Segments) -> SessionId {
        let count = self.sessions.len();
        for step in 0..count {
            let index = (self.turn + step) % count;
            if self.sessions[index].has_room(self.unit, segments) {
                let seats = self.sessions[index].seats(self.unit, segments);
                self.sessions[index].unanswered += seats;
                self.free_seats -= seats;
                self.turn = (index + 1) % count;
                return SessionId(index as u16);
            }
        }
        unreachable!("seat() follows has_room()")
    }

    /// An attempt is over.
    pub(super) fn release(&mut self, id: SessionId, segments: Segments) {
        let unit = self.unit;
        let session = &mut self.sessions[id.index()];
        let before = session.free();
        // A session that came up again with another window may count a seat differently.
        session.unanswered = session.unanswered.saturating_sub(session.seats(unit, segments));
        self.free_seats += session.free() - before;
    }

    pub(super) fn change(&mut self, id: SessionId, change: SessionChange) {
        if self.sessions.len() <= id.index() {
            self.sessions.resize(id.index() + 1, Session::default());
        }
        let session = &mut self.sessions[id.index()];
        self.free_seats -= session.free();
        match change {
            SessionChange::Up { window } => {
                session.is_up = true;
                session.window = window;
            }
            SessionChange::Down => session.is_up = false,
        }
        self.free_seats += session.free();
    }
}
