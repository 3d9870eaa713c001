//! Lottery scheduling (Waldspurger and Weihl, OSDI 1994): each eligible tenant holds tickets in
//! proportion to its weight, and one is drawn for each message. Shares hold in expectation; the error
//! of n draws grows with √n.

use alloc::vec::Vec;

use super::flows::{FlowChange, FlowId, Flows};
use super::policy::{Entropy, Entry, Hop, Ineligible, NodeId, Pick, Policy, Reshape, Standing};
use crate::time::Time;
use crate::units::{QueueId, Segments};

/// Draws a tenant with probability proportional to its weight; inside a tenant, first in first out.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Lottery {
    flows: Flows,
    tickets: Tickets,
}

impl Lottery {
    /// The policy without queues.
    pub fn new() -> Self {
        Self::default()
    }

    fn set_head(&mut self, queue: QueueId, head: Option<Entry>) {
        let flow = self.flows.of(queue);
        match self.flows.set_head(queue, head) {
            FlowChange::Woke => self.tickets.set(flow, self.flows.weight(flow).millionths()),
            FlowChange::Slept => self.tickets.set(flow, 0),
            FlowChange::Stayed => {}
        }
    }
}

impl Policy for Lottery {
    fn attach(&mut self, _: Time, queue: QueueId, path: &[Hop]) {
        self.flows.attach(queue, path);
    }

    fn detach(&mut self, _: Time, queue: QueueId) {
        self.flows.detach(queue);
    }

    fn enqueued(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn withdrawn(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn eligible(&mut self, _: Time, queue: QueueId, head: Entry) {
        self.set_head(queue, Some(head));
    }

    fn ineligible(&mut self, _: Time, queue: QueueId, _: Ineligible) {
        self.set_head(queue, None);
    }

    fn pick(&mut self, _: Time, entropy: Entropy<'_>) -> Pick {
        let total = self.tickets.total();
        if total == 0 {
            return Pick::Idle;
        }
        let drawn = ((u128::from(entropy()) * u128::from(total)) >> 64) as u64;
        let winner = self.tickets.holder(drawn);
        Pick::Queue(self.flows.first(winner).expect("a flow with tickets has an eligible queue"))
    }

    fn dispatched(&mut self, _: Time, queue: QueueId, _: Entry, next: Option<Entry>) {
        self.set_head(queue, next);
    }

    fn completed(&mut self, _: Time, _: QueueId, _: Segments, _: Segments) {}

    fn reshape(&mut self, _: Time, change: Reshape) {
        if let Reshape::Weight { node: NodeId(flow), product, .. } = change {
            self.flows.set_weight(flow, product);
            if self.tickets.of(flow) > 0 {
                self.tickets.set(flow, product.millionths());
            }
        }
    }

    fn explain(&self, _: QueueId) -> Option<Standing> {
        None
    }
}

/// Tickets by flow, with prefix sums in O(log n): the tree of Fenwick (1994).
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Tickets {
    held: Vec<u64>,
    /// One-based; a power of two long, so that the descent needs no bounds.
    sums: Vec<u64>,
}

impl Tickets {
    fn of(&self, flow: FlowId) -> u64 {
        self.held.get(flow as usize).copied().unwrap_or(0)
    }

    fn total(&self) -> u64 {
        self.sums.last().copied().unwrap_or(0)
    }

    fn set(&mut self, flow: FlowId, tickets: u64) {
        if self.held.len() <= flow as usize {
            self.held.resize((flow as usize + 1).next_power_of_two(), 0);
            self.sums = alloc::vec![0; self.held.len() + 1];
            for (index, held) in self.held.clone().into_iter().enumerate() {
                self.add(index, held as i64);
            }
        }
        let change = tickets as i64 - self.held[flow as usize] as i64;
        self.held[flow as usize] = tickets;
        self.add(flow as usize, change);
    }

    fn add(&mut self, index: usize, change: i64) {
        let mut position = index + 1;
        while position < self.sums.len() {
            self.sums[position] = self.sums[position].wrapping_add_signed(change);
            position += position & position.wrapping_neg();
        }
    }

    /// Who holds ticket number `drawn`, counted over all flows in order.
    fn holder(&self, drawn: u64) -> FlowId {
        let (mut position, mut left) = (0, drawn);
        let mut step = self.held.len();
        while step > 0 {
            if position + step < self.sums.len() && self.sums[position + step] <= left {
                position += step;
                left -= self.sums[position];
            }
            step /= 2;
        }
        position as FlowId
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ticket_has_the_holder_that_counting_would_find() {
        let mut tickets = Tickets::default();
        let held = [3, 0, 5, 1, 0, 0, 2];
        for (flow, count) in held.iter().enumerate() {
            tickets.set(flow as FlowId, *count);
        }
        tickets.set(2, 4);
        let held = [3, 0, 4, 1, 0, 0, 2];
        let expected: Vec<FlowId> = (0..7)
            .flat_map(|flow| core::iter::repeat_n(flow as FlowId, held[flow] as usize))
            .collect();
        assert_eq!(tickets.total(), 10);
        let found: Vec<FlowId> = (0..10).map(|drawn| tickets.holder(drawn)).collect();
        assert_eq!(found, expected);
    }
}
