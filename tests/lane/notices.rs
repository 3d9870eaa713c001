//! What a lane tells its policy: every change, in the grammar that the policy was promised.

use crate::rig::*;
use crate::sessions::{drive, input};
use apportion::scheduler::{
    Entropy, Entry, EntryKind, Hop, Ineligible, LaneConfig, Level, Pick, Policy, RequeuePlace,
    Reshape, RetryPolicy, Scoring, Standing, Status,
};
use apportion::time::Time;
use apportion::units::{QueueId, Segments};
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a policy was told of one queue.
#[derive(Debug, Default)]
struct Told {
    /// Its messages, by place in the order of arrival.
    messages: BTreeMap<u64, Entry>,
    is_eligible: bool,
}

impl Told {
    fn head(&self) -> Option<Entry> {
        self.messages.values().next().copied()
    }
}

/// Checks every notice, and orders like the scoring policy.
#[derive(Debug, Default)]
struct Listener {
    inner: Scoring,
    queues: BTreeMap<QueueId, Told>,
    /// Each message that joined a queue.
    joined: Rc<RefCell<Vec<Entry>>>,
}

impl Listener {
    fn told(&mut self, queue: QueueId) -> &mut Told {
        self.queues.get_mut(&queue).expect("only attached queues are spoken of")
    }
}

impl Policy for Listener {
    fn attach(&mut self, now: Time, queue: QueueId, path: &[Hop]) {
        assert_eq!(path.last().map(|hop| hop.level), Some(Level::Sender));
        assert!(path.windows(2).all(|pair| pair[0].level < pair[1].level), "from the top");
        assert!(self.queues.insert(queue, Told::default()).is_none(), "attached once");
        self.inner.attach(now, queue, path);
    }

    fn detach(&mut self, now: Time, queue: QueueId) {
        let told = self.queues.remove(&queue).expect("only attached queues are detached");
        assert!(told.messages.is_empty() && !told.is_eligible, "only empty queues are detached");
        self.inner.detach(now, queue);
    }

    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        let before = self.told(queue).messages.insert(entry.sequence, entry);
        assert_eq!(before, None, "places are unique");
        self.joined.borrow_mut().push(entry);
        self.inner.enqueued(now, queue, entry);
    }

    fn withdrawn(&mut self, now: Time, queue: QueueId, entry: Entry) {
        assert_eq!(self.told(queue).messages.remove(&entry.sequence), Some(entry));
        self.inner.withdrawn(now, queue, entry);
    }

    fn eligible(&mut self, now: Time, queue: QueueId, head: Entry) {
        let told = self.told(queue);
        assert_eq!(told.head(), Some(head));
        told.is_eligible = true;
        self.inner.eligible(now, queue, head);
    }

    fn ineligible(&mut self, now: Time, queue: QueueId, why: Ineligible) {
        let told = self.told(queue);
        assert_eq!(told.messages.is_empty(), why == Ineligible::Empty);
        told.is_eligible = false;
        self.inner.ineligible(now, queue, why);
    }

    fn pick(&mut self, now: Time, entropy: Entropy<'_>) -> Pick {
        let pick = self.inner.pick(now, entropy);
        let any = self.queues.values().any(|told| told.is_eligible);
        assert_eq!(pick != Pick::Idle, any, "something is picked whenever something is eligible");
        pick
    }

    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        let told = self.told(queue);
        assert!(told.is_eligible);
        assert_eq!(told.messages.pop_first().map(|(_, entry)| entry), Some(sent));
        assert_eq!(told.head(), next);
        told.is_eligible = next.is_some();
        self.inner.dispatched(now, queue, sent, next);
    }

    fn completed(&mut self, now: Time, queue: QueueId, charged: Segments, used: Segments) {
        self.told(queue);
        assert!(used <= charged && charged.0 > 0);
        self.inner.completed(now, queue, charged, used);
    }

    fn reshape(&mut self, now: Time, change: Reshape) {
        self.inner.reshape(now, change);
    }

    fn explain(&self, queue: QueueId) -> Option<Standing> {
        self.inner.explain(queue)
    }
}

proptest! {
    #![proptest_config(reproducible())]

    #[test]
    fn a_policy_hears_of_every_change_in_the_grammar_it_was_promised(
        inputs in prop::collection::vec((0_u64..1500, input()), 1..80),
    ) {
        let _ = drive(Listener::default(), &inputs, 1);
    }
}

#[test]
fn an_entry_tells_what_its_message_is() {
    let joined = Rc::new(RefCell::new(Vec::new()));
    let policy = Listener { joined: Rc::clone(&joined), ..Listener::default() };
    let retry = RetryPolicy {
        temporary: again(2, seconds(1), RequeuePlace::Head),
        throttled: again(2, seconds(1), RequeuePlace::Tail),
        ..RetryPolicy::NEVER
    };
    let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, policy, &[1]);
    for segments in [2, 3] {
        let message = rig.message(0, 0, segments);
        let expires = at(u64::from(segments) * 100);
        rig.submit(apportion::scheduler::Message { expires, ..message }).expect("taken");
    }
    let sent = rig.drain();
    rig.answer(sent[0], Status::QUEUE_FULL);
    rig.answer(sent[1], Status::THROTTLED);
    rig.now = at(1);
    assert_eq!(rig.drain().len(), 2);
    let entry = |segments, sequence, kind| Entry {
        segments: Segments(segments),
        deadline: at(u64::from(segments) * 100),
        sequence,
        kind,
    };
    let expected = [
        entry(2, 1, EntryKind::New),
        entry(3, 2, EntryKind::New),
        entry(2, 1, EntryKind::Retry),
        entry(3, 3, EntryKind::Retry),
    ];
    assert_eq!(*joined.borrow(), expected, "the head keeps its place, the tail takes a new one");
}
