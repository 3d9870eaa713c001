//! Sessions and their windows of unanswered attempts.

use alloc::vec::Vec;

use crate::units::SessionId;

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

#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    sessions: Vec<Session>,
    /// Where the search for the next free seat begins: sessions take turns.
    turn: usize,
    free_seats: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Session {
    window: u32,
    unanswered: u32,
    is_up: bool,
}

impl Session {
    fn free(&self) -> u32 {
        if self.is_up { self.window.saturating_sub(self.unanswered) } else { 0 }
    }
}

impl Sessions {
    pub(super) fn has_free_seat(&self) -> bool {
        self.free_seats > 0
    }

    /// Seats one attempt, on the sessions in turn.
    ///
    /// # Panics
    /// When no seat is free.
    pub(super) fn seat(&mut self) -> SessionId {
        let count = self.sessions.len();
        for step in 0..count {
            let index = (self.turn + step) % count;
            if self.sessions[index].free() > 0 {
                self.sessions[index].unanswered += 1;
                self.free_seats -= 1;
                self.turn = (index + 1) % count;
                return SessionId(index as u16);
            }
        }
        unreachable!("seat() follows has_free_seat()")
    }

    /// An attempt is over.
    pub(super) fn release(&mut self, id: SessionId) {
        let session = &mut self.sessions[id.index()];
        let before = session.free();
        session.unanswered -= 1;
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
