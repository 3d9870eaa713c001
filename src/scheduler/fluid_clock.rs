//! The clock of the fluid division (GPS).
//!
//! Parekh and Gallager (ToN 1993): the virtual time V grows at r ÷ Σφ over the flows that the *fluid*
//! system still has work of.
//!
//! The clock keeps its remainder in units of service, so V is exact to one unit of tag at every arrival,
//! however long the run.

use alloc::vec::Vec;

use super::flows::FlowId;
use super::heap::IndexedHeap;
use crate::time::Time;
use crate::units::{Rate, Segments, Weight};

/// Tag units of one segment at a weight of one millionth: the least common multiple of 1 to 16, times
/// 2⁶ and a million. Smaller than in the scoring policy because the clock multiplies it by a rate.
const UNITS_PER_MILLIONTH: u128 = 720_720 * 64 * 1_000_000;

/// The virtual time of the fluid division.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct FluidClock {
    rate: Rate,
    /// Real time up to which V is known.
    now: Time,
    pub(crate) virtual_time: u128,
    /// Service not yet turned into virtual time, in tag units × segments ÷ `rate.per()`.
    remainder: u128,
    /// Flows with fluid work, by the finish tag of their last message.
    busy: IndexedHeap<(u128, FlowId)>,
    weights_by_flow: Vec<u64>,
    /// Sum of their weights, in millionths.
    weights: u128,
}

impl FluidClock {
    pub(crate) fn new(rate: Rate) -> Self {
        FluidClock {
            rate,
            now: Time::ZERO,
            virtual_time: 0,
            remainder: 0,
            busy: IndexedHeap::default(),
            weights_by_flow: Vec::new(),
            weights: 0,
        }
    }

    /// Lets real time pass until `now`.
    pub(crate) fn advance(&mut self, now: Time) {
        let mut left = now.since(self.now).as_nanoseconds();
        self.now = self.now.max(now);
        if self.weights == 0 {
            self.remainder = 0;
            return;
        }
        // A step short enough that its service fits into the integer.
        let unit = UNITS_PER_MILLIONTH * u128::from(self.rate.segments());
        let longest = u64::try_from((u128::MAX >> 16) / unit).unwrap_or(u64::MAX);
        let per = u128::from(self.rate.per().as_nanoseconds());
        while left > 0 {
            let step = left.min(longest);
            left -= step;
            self.remainder += u128::from(step) * unit;
            while let Some(((finish, _), flow)) = self.busy.peek() {
                let ahead = self.remainder / (per * self.weights);
                let to_finish = finish.saturating_sub(self.virtual_time);
                if ahead < to_finish {
                    self.virtual_time += ahead;
                    self.remainder -= ahead * per * self.weights;
                    break;
                }
                self.virtual_time += to_finish;
                self.remainder -= to_finish * per * self.weights;
                self.forget(flow);
            }
            if self.weights == 0 {
                self.remainder = 0;
                return;
            }
        }
    }

    /// The tags of a message that arrives now, after the clock was advanced: S = max(V, F of the flow's
    /// previous message) and F = S + L ÷ φ.
    pub(crate) fn stamp(
        &mut self,
        flow: FlowId,
        weight: Weight,
        last_finish: &mut u128,
        segments: Segments,
    ) -> (u128, u128) {
        let weight = weight.millionths();
        let start = self.virtual_time.max(*last_finish);
        let length = u128::from(segments.get()) * UNITS_PER_MILLIONTH;
        let finish = start + length / u128::from(weight);
        *last_finish = finish;
        self.has_work_until(flow, weight, finish);
        (start, finish)
    }

    fn has_work_until(&mut self, flow: FlowId, weight: u64, finish: u128) {
        if self.weights_by_flow.len() <= flow as usize {
            self.weights_by_flow.resize(flow as usize + 1, 0);
        }
        let before = core::mem::replace(&mut self.weights_by_flow[flow as usize], weight);
        self.weights += u128::from(weight);
        self.weights -= u128::from(before);
        self.busy.set(flow, (finish, flow));
    }

    pub(crate) fn forget(&mut self, flow: FlowId) {
        self.busy.remove(flow);
        if let Some(weight) = self.weights_by_flow.get_mut(flow as usize) {
            self.weights -= u128::from(core::mem::take(weight));
        }
    }

    pub(crate) fn set_rate(&mut self, rate: Rate) {
        // The remainder is in units of the old interval.
        let (old, new) = (self.rate.per().as_nanoseconds(), rate.per().as_nanoseconds());
        self.remainder = self.remainder / u128::from(old) * u128::from(new);
        self.rate = rate;
    }
}
