//! What the lane asks of the allocator: nothing in the steady state, little for what waits, and little for
//! queues in which nothing does.

#[path = "support/counting.rs"]
mod counting;
#[path = "support/crowd.rs"]
mod crowd;

use apportion::scheduler::{Fifo, FullScoring, Policy, Rescore, Scoring, ScoringOptions, Terms};
use crowd::Crowd;

/// Allocations of so many turns after as many to warm up.
fn allocations_of_turns(policy: impl Policy, queues: u32, turns: u32) -> u64 {
    let mut crowd = Crowd::new(policy, queues);
    // Whatever is used again has been everything that it can be, and has its full size.
    for _ in 0..8 {
        crowd.fill(1);
        crowd.drain();
    }
    crowd.fill(4);
    (0..turns).for_each(|_| crowd.turn());
    let before = counting::allocations();
    (0..turns).for_each(|_| crowd.turn());
    counting::allocations() - before
}

#[test]
fn the_steady_state_allocates_nothing() {
    assert_eq!(allocations_of_turns(Scoring::new(), 1_000, 20_000), 0);
    assert_eq!(allocations_of_turns(Fifo::new(), 1_000, 20_000), 0);
    let worst_case_fair = FullScoring::new(ScoringOptions::WorstCaseFair);
    assert_eq!(allocations_of_turns(worst_case_fair, 1_000, 20_000), 0);
    let rescore = Rescore { every: 8.try_into().expect("above zero"), ..Rescore::default() };
    let options = ScoringOptions::FurthestBehind { rescore, terms: Terms::NONE };
    assert_eq!(allocations_of_turns(FullScoring::new(options), 1_000, 20_000), 0);
}

#[test]
fn queues_that_come_and_go_allocate_nothing_either() {
    // More queues than the lane keeps idle: they are reclaimed and made again all the time.
    assert_eq!(allocations_of_turns(Scoring::new(), 10_000, 200_000), 0);
    assert_eq!(allocations_of_turns(Fifo::new(), 10_000, 200_000), 0);
}

#[test]
fn what_a_policy_remembers_of_messages_goes_with_them() {
    // Where waiting counts, scoring keeps when each message came.
    let terms = Terms { waiting_millionths: 100_000, ..Terms::NONE };
    let rescore = Rescore::default();
    let policy = FullScoring::new(ScoringOptions::FurthestBehind { rescore, terms });
    let mut crowd = Crowd::new(policy, 100);
    crowd.fill(4);
    (0..20_000).for_each(|_| crowd.turn());
    let before = counting::held();
    (0..20_000).for_each(|_| crowd.turn());
    let more = counting::held() - before;
    assert!(more < 50_000, "{more} bytes more after 20,000 messages came and went");
}

/// Bytes that a queued message takes, pages and lists and all, beyond those of its queue.
fn bytes_of_a_message(policy: impl Policy) -> f64 {
    let (queues, messages) = (1_000, 200);
    let mut crowd = Crowd::new(policy, queues);
    crowd.fill(1);
    counting::forget_most_held();
    let before = counting::held();
    crowd.fill(messages);
    (counting::most_held() - before) as f64 / f64::from(queues * messages)
}

#[test]
fn a_queued_message_takes_at_most_64_bytes() {
    let (scoring, fifo) = (bytes_of_a_message(Scoring::new()), bytes_of_a_message(Fifo::new()));
    assert!(scoring <= 64.0 && fifo <= 64.0, "{scoring} under scoring, {fifo} under fifo");
}

/// Bytes that a queue takes in which nothing waits, with all that the lane and the policy know of it, beside
/// as many in which something does.
fn bytes_of_an_idle_queue(policy: impl Policy) -> f64 {
    let queues = 20_000;
    let mut crowd = Crowd::new(policy, queues);
    (0..queues / 2).for_each(|queue| crowd.submit(queue));
    counting::forget_most_held();
    let before = counting::held();
    for queue in queues / 2..queues {
        crowd.submit(queue);
        crowd.withdraw(queue);
    }
    assert_eq!(crowd.lane.queue_count(), queues as usize, "none was reclaimed");
    (counting::most_held() - before) as f64 / f64::from(queues / 2)
}

#[test]
fn an_idle_queue_takes_at_most_256_bytes() {
    let scoring = bytes_of_an_idle_queue(Scoring::new());
    let fifo = bytes_of_an_idle_queue(Fifo::new());
    assert!(scoring <= 256.0 && fifo <= 256.0, "{scoring} under scoring, {fifo} under fifo");
}

#[test]
fn queues_of_tenants_that_went_away_are_used_again() {
    // Ten thousand queues are used once, one after another: a crowd that never stands together.
    let mut crowd = Crowd::new(Scoring::new(), 10_000);
    let mut pass = |from: u32, to: u32| {
        for queue in from..to {
            crowd.submit(queue);
            crowd.drain();
        }
        (crowd.lane.queue_count(), counting::held())
    };
    let (kept, half) = pass(0, 5_000);
    assert!(kept <= 1_025, "{kept} queues");
    let (kept, whole) = pass(5_000, 10_000);
    assert!(kept <= 1_025, "{kept} queues");
    // What a tenant or a sender remembers of its own stays; a queue, its nodes and its messages do not.
    let more = (whole - half) as f64 / 5_000.0;
    assert!(more < 100.0, "{more} bytes for each queue that is gone");
}
