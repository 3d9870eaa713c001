//! What the lane asks of the allocator: nothing in the steady state, little for what waits, and little for
//! queues in which nothing does.

#[path = "support/counting.rs"]
mod counting;
#[path = "support/crowd.rs"]
mod crowd;

use apportion::scheduler::{Fifo, Policy, Scoring};
use crowd::Crowd;

/// Allocations of so many turns after as many to warm up.
fn allocations_of_turns(policy: impl Policy, turns: u32) -> u64 {
    let mut crowd = Crowd::new(policy, 1_000);
    crowd.fill(4);
    (0..turns).for_each(|_| crowd.turn());
    let before = counting::allocations();
    (0..turns).for_each(|_| crowd.turn());
    counting::allocations() - before
}

#[test]
fn the_steady_state_allocates_nothing() {
    assert_eq!(allocations_of_turns(Scoring::new(), 20_000), 0);
    assert_eq!(allocations_of_turns(Fifo::new(), 20_000), 0);
}
