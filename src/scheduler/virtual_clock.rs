//! Virtual Clock (Zhang, SIGCOMM 1990): each flow's messages are stamped as a clock of its own rate would
//! send them; the smallest stamp first.
//!
//! A message of length L that arrives at time a has the stamp max(a, stamp of the flow's previous) + L/rᵢ,
//! where rᵢ is the flow's part of the rate among all flows that exist. It leaves by its guaranteed-rate
//! clock + Lmax/r whatever the others do (Figueira and Pasquale 1995); but a flow that used what others
//! left idle is punished for it when they return, and there is no bound on that.

use alloc::vec::Vec;

use super::flows::{Flows, put, tie_of};
use super::heap::IndexedHeap;
use super::policy::{Entropy, Entry, Hop, Ineligible, Pick, Policy, Reshape, Standing};
use super::stamps::Stamps;
use crate::time::Time;
use crate::units::{QueueId, Rate, Segments};

/// Stamp units of a nanosecond: a multiple of 1 to 16 and of many of their products.
const UNITS: u128 = (720_720 * 60) << 20;

/// The smallest stamp of each flow's own clock first.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct VirtualClock {
    rate: Rate,
    flows: Flows,
    /// Sum of the weights of the flows that exist, in millionths.
    weights: u128,
    /// Stamp of each flow's last message.
    last: Vec<u128>,
    stamps: Stamps<u128>,
    ties: Vec<u64>,
    heads: IndexedHeap<(u128, u64)>,
}

impl VirtualClock {
    /// The policy without queues, dividing `rate`.
    pub fn new(rate: Rate) -> Self {
        VirtualClock {
            rate,
            flows: Flows::default(),
            weights: 0,
            last: Vec::new(),
            stamps: Stamps::default(),
            ties: Vec::new(),
            heads: IndexedHeap::default(),
        }
    }

    fn set_head(&mut self, queue: QueueId, head: Option<Entry>) {
        match head {
            Some(head) => {
                let stamp = self.stamps.head(queue, head);
                self.heads.set(queue.0, (stamp, self.ties[queue.index()]));
            }
            None => self.heads.remove(queue.0),
        }
    }
}

impl Policy for VirtualClock {
    fn attach(&mut self, _: Time, queue: QueueId, path: &[Hop]) {
        let (flow, is_new) = self.flows.attach(queue, path);
        if is_new {
            put(&mut self.last, flow, 0);
            self.weights += u128::from(self.flows.weight(flow).millionths());
        }
        self.stamps.attach(queue);
        put(&mut self.ties, queue.0, tie_of(path));
    }

    fn detach(&mut self, _: Time, queue: QueueId) {
        let (flow, was_last) = self.flows.detach(queue);
        if was_last {
            self.weights -= u128::from(self.flows.weight(flow).millionths());
        }
    }

    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        let flow = self.flows.of(queue);
        let weight = u128::from(self.flows.weight(flow).millionths());
        let nanoseconds = u128::from(self.rate.per().as_nanoseconds()) * self.weights;
        let rate = u128::from(self.rate.segments()) * weight;
        let cost = divided(nanoseconds, UNITS * u128::from(entry.segments.get()), rate);
        let last = &mut self.last[flow as usize];
        *last = (*last).max(u128::from(now.as_nanoseconds()) * UNITS).saturating_add(cost);
        self.stamps.insert(queue, entry, *last);
    }

    fn withdrawn(&mut self, _: Time, queue: QueueId, entry: Entry) {
        self.stamps.remove(queue, entry);
    }

    fn eligible(&mut self, _: Time, queue: QueueId, head: Entry) {
        self.set_head(queue, Some(head));
    }

    fn ineligible(&mut self, _: Time, queue: QueueId, _: Ineligible) {
        self.set_head(queue, None);
    }

    fn pick(&mut self, _: Time, _: Entropy<'_>) -> Pick {
        self.heads.peek().map_or(Pick::Idle, |(_, queue)| Pick::Queue(QueueId(queue)))
    }

    fn dispatched(&mut self, _: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        self.stamps.remove(queue, sent);
        self.set_head(queue, next);
    }

    fn completed(&mut self, _: Time, _: QueueId, _: Segments, _: Segments) {}

    fn reshape(&mut self, _: Time, change: Reshape) {
        match change {
            Reshape::Rate(Some(rate)) => self.rate = rate,
            Reshape::Rate(None) => {}
            Reshape::Weight { node, weight, product } => {
                if self.flows.exists(node.0) {
                    self.weights -= u128::from(self.flows.weight(node.0).millionths());
                    self.weights += u128::from(product.millionths());
                    self.flows.reweigh(node, weight, product, |_, _| {});
                }
            }
        }
    }

    fn explain(&self, _: QueueId) -> Option<Standing> {
        None
    }
}

/// a × b ÷ divisor, rounded down, without loss in between; the largest integer if it does not fit.
fn divided(a: u128, b: u128, divisor: u128) -> u128 {
    if let Some(product) = a.checked_mul(b) {
        return product / divisor;
    }
    // By the bits of b, from the top: quotient and remainder of a × (the bits so far).
    let (mut quotient, mut remainder) = (0_u128, 0_u128);
    let (whole, part) = (a / divisor, a % divisor);
    for bit in (0..u128::BITS - b.leading_zeros()).rev() {
        quotient = quotient.saturating_mul(2);
        (quotient, remainder) = add(quotient, remainder, remainder, divisor);
        if b >> bit & 1 == 1 {
            quotient = quotient.saturating_add(whole);
            (quotient, remainder) = add(quotient, remainder, part, divisor);
        }
    }
    quotient
}

/// Adds `part` to a remainder; both are below `divisor`.
fn add(quotient: u128, remainder: u128, part: u128, divisor: u128) -> (u128, u128) {
    if part >= divisor - remainder {
        (quotient.saturating_add(1), part - (divisor - remainder))
    } else {
        (quotient, remainder + part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_products_are_divided_exactly() {
        let big = u128::MAX / 7;
        assert_eq!(divided(big, 7, 7), big);
        assert_eq!(divided(big, 1_000_003, big), 1_000_003);
        assert_eq!(divided(1 << 100, 3 << 60, 1 << 120), 3 << 40);
        // (2¹⁰⁰ + 1) × (2⁵⁰ + 1) = 2¹⁵⁰ + 2¹⁰⁰ + 2⁵⁰ + 1
        assert_eq!(divided((1 << 100) + 1, (1 << 50) + 1, 1 << 49), (1 << 101) + (1 << 51) + 2);
        assert_eq!(divided(u128::MAX, u128::MAX, 2), u128::MAX);
    }
}
