//! Messages that the submitters of closed loops wait for.

use std::collections::BTreeMap;

use crate::scenario::Awaited;
use crate::scheduler::{Belief, Happening};
use crate::units::MessageId;

/// Which messages somebody waits for, and who may go on. Empty, and free, where there is no closed loop.
#[derive(Default)]
pub(super) struct AwaitedMessages {
    waiting: BTreeMap<MessageId, (u32, Awaited)>,
    /// Sources with a submitter that has what it waited for, with its message.
    ready: Vec<(u32, MessageId)>,
}

impl AwaitedMessages {
    /// A submitter of `source` waits for a message from now on.
    pub(super) fn wait(&mut self, message: MessageId, source: u32, awaits: Awaited) {
        self.waiting.insert(message, (source, awaits));
    }

    /// A submitter of `source` sees at once that its message, which would have had this number, is not
    /// sent.
    pub(super) fn not_sent(&mut self, message: MessageId, source: u32) {
        self.ready.push((source, message));
    }

    /// A message moved. Its submitter stops waiting when it was dispatched, where that is enough, or
    /// when the platform knows how it ended, that it gave it up, or that it never took it.
    #[inline]
    pub(super) fn moved(&mut self, message: MessageId, to: Belief, why: Happening) {
        if !self.waiting.is_empty() {
            self.moved_awaited(message, to, why);
        }
    }

    fn moved_awaited(&mut self, message: MessageId, to: Belief, why: Happening) {
        let is_over = !to.is_live();
        if let Some((source, awaits)) = self.waiting.get(&message).copied()
            && (is_over || (awaits == Awaited::Dispatch && why == Happening::Dispatched))
        {
            self.waiting.remove(&message);
            self.ready.push((source, message));
        }
    }

    /// The sources whose submitters may go on, one for each, in an order that does not depend on which
    /// of the events of an instant came first.
    pub(super) fn take_ready(&mut self) -> Vec<u32> {
        self.ready.sort_unstable();
        self.ready.drain(..).map(|(source, _)| source).collect()
    }

    /// Whether somebody may go on.
    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }
}
