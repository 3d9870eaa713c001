//! What is kept of a message, and for how long.

use super::*;

#[test]
fn a_waiting_message_takes_62_bytes() {
    assert_eq!(size_of::<Kept>(), 62);
    assert_eq!(size_of::<Journey>(), 40);
    assert_eq!(size_of::<Lot>(), 20);
}

fn message(id: u64, tenant: u32) -> Record {
    let message = Message {
        id: MessageId(id),
        key: id * 3,
        reference: id * 5,
        tenant: TenantId(tenant),
        sender: SenderId(tenant + 1),
        class: ClassId(2),
        segments: Segments(u32::from(u16::MAX)),
        expires: Time::from_seconds(id),
    };
    let submitted = Time::from_seconds(id * 7);
    Record { message, submitted, first_dispatch: Time::NEVER, attempts: 0 }
}

#[test]
fn what_is_put_in_comes_out_and_a_ticket_ends_with_its_message() {
    let mut store = Store::default();
    let late = 3 << 32;
    let first = store.insert(message(1, 9), QueueId(4), late | 8);
    let held = store.get(first);
    assert_eq!((held.record, held.queue, held.sequence), (message(1, 9), QueueId(4), late | 8));
    let generation = held.generation;
    assert_eq!(store.dispatch(Time::from_seconds(50), first, SessionId(3)), 1);
    store.set_unknown_attempts(first, 5);
    store.set_sequence(first, late | 77);
    let held = store.find(first, generation).expect("it is still there");
    assert_eq!(held.record.message, message(1, 9).message);
    assert_eq!((held.record.first_dispatch, held.record.attempts), (Time::from_seconds(50), 1));
    assert_eq!((held.sequence, held.unknown_attempts), (late | 77, 5));
    assert_eq!((held.generation, held.since), (generation, Time::from_seconds(50)));
    assert_eq!((held.session, store.session(first)), (SessionId(3), SessionId(3)));
    assert_eq!((held.entry(), store.queue(first)), (store.entry(first), held.queue));
    assert_eq!((store.belief(first), store.sequence(first)), (held.belief, held.sequence));
    store.remove(first);
    assert!(store.find(first, generation).is_none());
    assert!(!store.slots[first].is_used());
    let again = store.insert(message(2, 9), QueueId(4), late | 78);
    assert_eq!(again, first, "the slot is used again");
    assert!(store.find(again, generation).is_none());
}

#[test]
fn a_policy_sees_a_message_the_same_from_wherever_it_is_looked_at() {
    let mut store = Store::default();
    let slot = store.insert(message(1, 1), QueueId(0), 5);
    let mut seen = Vec::new();
    let mut look = |store: &Store| {
        assert_eq!(store.entry(slot), store.get(slot).entry());
        seen.push(store.entry(slot).kind);
    };
    look(&store);
    store.set_aside(slot, Aside::Spilled);
    look(&store);
    store.dispatch(Time::from_seconds(1), slot, SessionId(0));
    look(&store);
    assert_eq!(seen, [EntryKind::New, EntryKind::Spill, EntryKind::Retry]);
}

#[test]
fn a_queue_that_changes_hands_leaves_its_messages_theirs() {
    let mut store = Store::default();
    let old = store.insert(message(1, 1), QueueId(0), 1);
    let new = store.insert(message(2, 2), QueueId(0), 2);
    assert_eq!(store.get(old).record.message.tenant, TenantId(1));
    assert_eq!(store.get(new).record.message.tenant, TenantId(2));
    store.remove(old);
    store.remove(new);
    // Lots that are free again are not made anew.
    for id in 3..100 {
        let slot = store.insert(message(id, id as u32 % 2), QueueId(id as u32 % 2), id);
        assert_eq!(store.get(slot).record.message.tenant, TenantId(id as u32 % 2));
        store.remove(slot);
    }
    assert_eq!(store.lots.len(), 2);
}

#[test]
fn a_message_that_changes_queues_stays_what_it_is() {
    let mut store = Store::default();
    let moved = store.insert(message(1, 1), QueueId(0), 1);
    store.set_queue(moved, QueueId(7));
    assert_eq!((store.get(moved).queue, store.get(moved).record), (QueueId(7), message(1, 1)));
    let stays = store.insert(message(2, 1), QueueId(0), 2);
    assert_eq!(store.get(stays).queue, QueueId(0));
    assert_eq!((store.lots.len(), store.get(moved).queue), (2, QueueId(7)));
}
