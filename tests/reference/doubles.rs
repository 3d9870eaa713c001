//! Policies that are wrong on purpose: each wraps a right one and breaks one rule.

use apportion::scheduler::{Entropy, Entry, Hop, Ineligible, Pick, Policy, Reshape, Standing};
use apportion::time::Time;
use apportion::units::{QueueId, Segments, Weight};

/// The rule that is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// None: the wrapper itself changes nothing.
    Nothing,
    /// A dispatch is charged one segment too many.
    ChargesOneMore,
    /// A message is stamped one segment too long.
    StampsOneMore,
    /// A queue that comes back from idleness keeps a segment of unused credit.
    WindsUpCredit,
    /// A queue that runs dry is forgiven what it had ahead.
    ForgivesDebt,
    /// A queue held back by a cap counts as idle, and is lifted when it returns.
    LiftsTheHeld,
    /// Nobody tells that a queue is held back.
    IgnoresCaps,
    /// Charges are never given back.
    IgnoresRefunds,
    /// Ties are broken the other way round.
    ReversesTies,
    /// Weights do not count.
    IgnoresWeights,
    /// Changes of weight do not arrive.
    IgnoresNewWeights,
    /// Changes of rate do not arrive.
    IgnoresNewRates,
    /// The clock stands still.
    StopsTheClock,
    /// A new head is not announced.
    KeepsOldHeads,
    /// The last to arrive goes first.
    ReversesArrivals,
}

#[derive(Debug)]
pub(crate) struct Broken<P> {
    pub(crate) inner: P,
    pub(crate) fault: Fault,
    idle: Vec<bool>,
}

impl<P: Policy> Broken<P> {
    pub(crate) fn new(inner: P, fault: Fault) -> Self {
        Broken { inner, fault, idle: Vec::new() }
    }

    fn time(&self, now: Time) -> Time {
        if self.fault == Fault::StopsTheClock { Time::ZERO } else { now }
    }

    fn entry(&self, entry: Entry) -> Entry {
        let sequence = match self.fault {
            Fault::ReversesArrivals => u64::MAX - entry.sequence,
            _ => entry.sequence,
        };
        Entry { sequence, ..entry }
    }

    fn set_idle(&mut self, queue: QueueId, is_idle: bool) -> bool {
        if self.idle.len() <= queue.index() {
            self.idle.resize(queue.index() + 1, true);
        }
        std::mem::replace(&mut self.idle[queue.index()], is_idle)
    }
}

fn one_more(entry: Entry) -> Entry {
    Entry { segments: Segments(entry.segments.0 + 1), ..entry }
}

impl<P: Policy> Policy for Broken<P> {
    fn attach(&mut self, now: Time, queue: QueueId, path: &[Hop]) {
        let broken = path.iter().map(|hop| match self.fault {
            Fault::ReversesTies => Hop { tie: !hop.tie, ..*hop },
            Fault::IgnoresWeights => Hop { weight: Weight::ONE, ..*hop },
            _ => *hop,
        });
        self.inner.attach(self.time(now), queue, &broken.collect::<Vec<_>>());
    }

    fn detach(&mut self, now: Time, queue: QueueId) {
        self.inner.detach(self.time(now), queue);
    }

    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        let entry = self.entry(entry);
        let entry = if self.fault == Fault::StampsOneMore { one_more(entry) } else { entry };
        self.inner.enqueued(self.time(now), queue, entry);
    }

    fn withdrawn(&mut self, now: Time, queue: QueueId, entry: Entry) {
        let now = self.time(now);
        self.inner.withdrawn(now, queue, self.entry(entry));
    }

    fn eligible(&mut self, now: Time, queue: QueueId, head: Entry) {
        let now = self.time(now);
        let was_idle = self.set_idle(queue, false);
        if was_idle || self.fault != Fault::KeepsOldHeads {
            self.inner.eligible(now, queue, self.entry(head));
        }
        if was_idle && self.fault == Fault::WindsUpCredit {
            self.inner.completed(now, queue, Segments(1), Segments(0));
        }
    }

    fn ineligible(&mut self, now: Time, queue: QueueId, why: Ineligible) {
        let now = self.time(now);
        match (self.fault, why) {
            (Fault::IgnoresCaps, Ineligible::Blocked) => {}
            (Fault::LiftsTheHeld, Ineligible::Blocked) => {
                self.inner.ineligible(now, queue, Ineligible::Empty);
            }
            _ => self.inner.ineligible(now, queue, why),
        }
        self.set_idle(queue, true);
    }

    fn pick(&mut self, now: Time, entropy: Entropy<'_>) -> Pick {
        self.inner.pick(self.time(now), entropy)
    }

    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        let now = self.time(now);
        let sent = self.entry(sent);
        let charged = if self.fault == Fault::ChargesOneMore { one_more(sent) } else { sent };
        let next = next.map(|next| self.entry(next));
        self.inner.dispatched(now, queue, charged, next);
        if next.is_none() {
            self.set_idle(queue, true);
            if self.fault == Fault::ForgivesDebt {
                self.inner.completed(now, queue, sent.segments, Segments(0));
            }
        }
    }

    fn completed(&mut self, now: Time, queue: QueueId, charged: Segments, used: Segments) {
        if self.fault != Fault::IgnoresRefunds {
            self.inner.completed(self.time(now), queue, charged, used);
        }
    }

    fn reshape(&mut self, now: Time, change: Reshape) {
        match (self.fault, change) {
            (Fault::IgnoresNewWeights | Fault::IgnoresWeights, Reshape::Weight { .. }) => {}
            (Fault::IgnoresNewRates, Reshape::Rate(_)) => {}
            _ => self.inner.reshape(self.time(now), change),
        }
    }

    fn explain(&self, queue: QueueId) -> Option<Standing> {
        self.inner.explain(queue)
    }
}
