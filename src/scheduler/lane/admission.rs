//! What admission asks: how long a queue takes to drain.

use super::Lane;
use super::directory::{Queue, QueueStanding};
use crate::scheduler::policy::Policy;
use crate::time::{Span, Time};
use crate::units::QueueId;

/// Nanoseconds that a segment takes at a millionth of a segment a second.
const A_SHARE_TAKES: u128 = 1_000_000_000_000_000;

impl<P: Policy> Lane<P> {
    /// How long a queue's backlog takes at its present share, or at the caps of its tenant and sender
    /// if they take longer.
    pub(super) fn drain_time(&self, now: Time, id: QueueId) -> Span {
        let queue = self.directory.queue(id);
        if queue.segments == 0 {
            return Span::ZERO;
        }
        let by_share = self.share(queue).map(|share| {
            let nanoseconds = u128::from(queue.segments) * A_SHARE_TAKES / share;
            Span::from_nanoseconds(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
        });
        let by_caps = queue.parties().map(|party| {
            self.directory.gate(party).and_then(|gate| gate.drain_time(now, queue.segments))
        });
        by_share.into_iter().chain(by_caps.into_iter().flatten()).max().unwrap_or(Span::ZERO)
    }

    /// Whether [`Lane::drain_time`] is at most `limit`, as it nearly always is; told without dividing by
    /// each of its parts.
    pub(super) fn drains_within(&self, now: Time, id: QueueId, limit: Span) -> bool {
        let queue = self.directory.queue(id);
        if queue.segments == 0 {
            return true;
        }
        let limit_ns = u128::from(limit.as_nanoseconds());
        let by_share = self.share(queue).is_none_or(|share| {
            u128::from(queue.segments) * A_SHARE_TAKES < (limit_ns + 1).saturating_mul(share)
        });
        let mut gates = queue.parties().into_iter().filter_map(|party| self.directory.gate(party));
        by_share && gates.all(|gate| gate.drains_within(now, queue.segments, limit))
    }

    /// What a queue may count on, in millionths of a segment a second and at least one; `None` without a
    /// quota.
    fn share(&self, queue: &Queue) -> Option<u128> {
        let quota = self.pacer.as_ref()?.quota();
        let is_eligible = queue.standing == QueueStanding::Eligible;
        Some(self.directory.tree.share(queue.node, is_eligible, quota.rate).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::{
        Backpressure, Change, DailyCap, LaneConfig, Message, RetryPolicy, Scoring, TenantSpec,
    };
    use crate::units::{
        ClassId, MessageId, Quota, Rate, Segments, SenderId, TenantId, Weight, mix,
    };
    use alloc::vec::Vec;

    const TENANTS: u32 = 7;

    /// Tenants of odd weights with up to a few hundred segments each; some have caps.
    fn crowded(rate: Rate) -> Lane<Scoring> {
        let config = LaneConfig {
            quota: Some(Quota { rate, burst: 1 }),
            admission: Some(Span::MAX),
            retry: RetryPolicy::NEVER,
            backpressure: Backpressure::default(),
            response_timeout: Span::MAX,
            receipt_timeout: Span::MAX,
            tenant_sets: Vec::new(),
            classes: alloc::vec![Weight::ONE, Weight::whole(3).expect("valid")],
            salt: 7,
        };
        let mut lane = Lane::new(config, Scoring::new());
        for tenant in 0..TENANTS {
            let weight = Weight::from_millionths(mix(u64::from(tenant)) % 7_000_000 + 1);
            let spec = TenantSpec { set: None, weight: weight.expect("valid") };
            lane.attach(TenantId(tenant), spec).expect("a new tenant");
        }
        let cap = Quota { rate: Rate::new(3, Span::from_seconds(7)).expect("valid"), burst: 2 };
        let daily = DailyCap { segments: 20, resets: Time::from_seconds(3_000) };
        for change in [
            Change::TenantCap(TenantId(1), Some(cap)),
            Change::SenderCap(SenderId(5), Some(cap)),
            Change::TenantDailyCap(TenantId(3), Some(daily)),
        ] {
            lane.reconfigure(Time::ZERO, change).expect("valid");
        }
        for number in 0..600_u64 {
            let luck = mix(number ^ 0xad);
            let tenant = luck as u32 % TENANTS;
            let message = Message {
                id: MessageId(number),
                key: number,
                reference: number,
                tenant: TenantId(tenant),
                sender: SenderId(2 * tenant + (luck >> 32) as u32 % 2),
                class: ClassId((luck >> 40) as u16 % 2),
                segments: Segments(1 + (luck >> 50) as u32 % 5),
                expires: Time::NEVER,
            };
            lane.submit(Time::ZERO, message, &mut ()).expect("admission takes all");
        }
        lane
    }

    #[test]
    fn a_queue_drains_within_its_time_to_drain_and_not_within_less() {
        for rate in [(1, 1), (1_000_000, 1), (999_983, 977), (3, 86_400)] {
            let rate = Rate::new(rate.0, Span::from_seconds(rate.1)).expect("valid");
            let lane = crowded(rate);
            for tenant in (0..TENANTS).map(TenantId) {
                for queue in lane.directory.queues_of(tenant) {
                    let drain = lane.drain_time(Time::ZERO, queue);
                    let less = Span::from_nanoseconds(drain.as_nanoseconds() - 1);
                    assert!(lane.drains_within(Time::ZERO, queue, drain), "{rate} {drain}");
                    assert!(!lane.drains_within(Time::ZERO, queue, less), "{rate} {drain}");
                }
            }
        }
    }
}
