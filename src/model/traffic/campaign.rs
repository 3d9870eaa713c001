//! A number of messages, evenly spread over a span, or all at once.

use super::Turn;
use crate::time::{Span, Time};

pub(super) struct Campaign {
    pub(super) at: Time,
    pub(super) messages: u64,
    pub(super) over: Span,
}

impl Campaign {
    pub(super) fn next(&mut self, turn: &Turn<'_>) -> Option<Time> {
        (turn.ordinal < self.messages).then(|| {
            let offset = u128::from(self.over.as_nanoseconds()) * u128::from(turn.ordinal)
                / u128::from(self.messages);
            self.at + Span::from_nanoseconds(offset as u64)
        })
    }
}
