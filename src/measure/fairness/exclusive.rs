//! Whether a tenant waits longer than it would on a part of the quota of its own.

use crate::time::Time;

/// A tenant's messages at the lane, and on a server that is its alone and has its guaranteed rate.
///
/// Finish-time fairness is Σ (left the queue − submitted) ÷ Σ (end on the server − submitted) over the first
/// time in a queue of each message: ρ = T shared ÷ T exclusive of Mahajan et al. (Themis, NSDI 2020, section
/// 3.1), with messages for jobs. At most 1 is what makes sharing worth while. What still waits at the end of
/// the run, in either system, waited until then; what expires at the lane waited until it did.
#[derive(Clone, Debug)]
pub(super) struct Exclusive {
    /// What a segment takes on the server of its own; `None` where there is no quota.
    segment_s: Option<f64>,
    /// When the server has done all that arrived.
    end_s: f64,
    waited_there_s: f64,
    /// When arrivals are over: no run ends before.
    arrivals_end_s: f64,
    /// The ends that are later.
    ends_s: Vec<f64>,
    /// Σ left the queue − Σ submitted, of those that left it.
    waited_here_ns: i128,
    waiting: i128,
}

impl Exclusive {
    pub(super) fn new(guaranteed_per_s: Option<f64>, arrivals_end: Time) -> Self {
        Exclusive {
            segment_s: guaranteed_per_s.map(|rate| 1.0 / rate),
            end_s: 0.0,
            waited_there_s: 0.0,
            arrivals_end_s: arrivals_end.as_seconds_f64(),
            ends_s: Vec::new(),
            waited_here_ns: 0,
            waiting: 0,
        }
    }

    /// A message comes into a queue for the first time.
    pub(super) fn queued(&mut self, now: Time, segments: u64) {
        let Some(segment_s) = self.segment_s else { return };
        let now_s = now.as_seconds_f64();
        self.end_s = self.end_s.max(now_s) + segments as f64 * segment_s;
        self.waited_there_s += self.end_s - now_s;
        if self.end_s > self.arrivals_end_s {
            self.ends_s.push(self.end_s);
        }
        self.waiting += 1;
        self.waited_here_ns -= i128::from(now.as_nanoseconds());
    }

    /// It leaves the queue, dispatched or not.
    pub(super) fn left(&mut self, now: Time) {
        self.waiting -= 1;
        self.waited_here_ns += i128::from(now.as_nanoseconds());
    }

    /// The figure of a run that ended then; `None` without a quota or messages.
    pub(super) fn finish_time_fairness(&self, ended: Time) -> Option<f64> {
        self.segment_s?;
        let ended_s = ended.as_seconds_f64().max(self.arrivals_end_s);
        let after_s: f64 = self.ends_s.iter().map(|end_s| (end_s - ended_s).max(0.0)).sum();
        let here_ns = self.waited_here_ns + self.waiting * i128::from(ended.as_nanoseconds());
        let there_s = self.waited_there_s - after_s;
        (there_s > 0.0).then(|| here_ns as f64 / 1e9 / there_s)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::at;
    use super::*;

    #[test]
    fn worked_by_hand() {
        // Half a segment a second of its own: ends at 2, 6 (two segments) and, after a pause, 12 s.
        let mut tenant = Exclusive::new(Some(0.5), at(11.0));
        tenant.queued(at(0.0), 1);
        tenant.queued(at(1.0), 2);
        tenant.left(at(3.0));
        tenant.left(at(4.0));
        tenant.queued(at(10.0), 1);
        tenant.left(at(10.0));
        // 3 + 3 + 0 here, 2 + 5 + 2 there.
        assert_eq!(tenant.finish_time_fairness(at(20.0)), Some(6.0 / 9.0));
        // At 11 s the last has waited for 1 s there.
        assert_eq!(tenant.finish_time_fairness(at(11.0)), Some(6.0 / 8.0));
        // One more that never leaves: 5 s here, 2 there.
        tenant.queued(at(15.0), 1);
        assert_eq!(tenant.finish_time_fairness(at(20.0)), Some(11.0 / 11.0));
        assert_eq!(Exclusive::new(None, at(11.0)).finish_time_fairness(at(1.0)), None);
    }
}
