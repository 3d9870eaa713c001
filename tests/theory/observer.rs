//! Watches a lane as a queue: waits, services, areas under the numbers waiting and present.

use apportion::event::{Event, Flow, Sink, What};
use apportion::scheduler::Happening;
use apportion::time::Time;

/// Sums over one replication, in integer nanoseconds where they must agree exactly.
///
/// Means are taken over the messages number `deleted` to `deleted + counted - 1`; the lane is first
/// in, first out, so they are also consecutive in service. The areas and their counterparts cover the
/// whole run, from an empty queue to an empty queue, where Little's law is an identity.
#[derive(Clone, Debug)]
pub(crate) struct QueueObserver {
    deleted: u64,
    end: u64,
    previous: Time,
    waiting: u64,
    present: u64,
    waiting_area_ns: u128,
    present_area_ns: u128,
    waits_ns: u128,
    stays_ns: u128,
    /// Arrival of message `deleted`, and the area under the number in service until then.
    first: Option<(Time, u128)>,
    /// The same of message `deleted + counted`.
    last: Option<(Time, u128)>,
    counted_waits_ns: u128,
    counted_services_ns: u128,
    counted_service_squares_s2: f64,
}

impl QueueObserver {
    /// An observer that deletes so many messages and counts so many after them.
    pub(crate) fn new(deleted: u64, counted: u64) -> Self {
        QueueObserver {
            deleted,
            end: deleted + counted,
            previous: Time::ZERO,
            waiting: 0,
            present: 0,
            waiting_area_ns: 0,
            present_area_ns: 0,
            waits_ns: 0,
            stays_ns: 0,
            first: None,
            last: None,
            counted_waits_ns: 0,
            counted_services_ns: 0,
            counted_service_squares_s2: 0.0,
        }
    }

    fn advance(&mut self, now: Time) {
        let passed = u128::from(now.since(self.previous).as_nanoseconds());
        self.waiting_area_ns += passed * u128::from(self.waiting);
        self.present_area_ns += passed * u128::from(self.present);
        self.previous = now;
    }

    /// Figures of the replication.
    ///
    /// # Panics
    /// When fewer messages came than were to be counted, or the queue is not empty at the end.
    pub(crate) fn figures(&self) -> Replication {
        assert_eq!(
            (self.waiting, self.present),
            (0, 0),
            "the run ended before the queue was empty"
        );
        let (from, busy_before) = self.first.expect("more messages come than are deleted");
        let (to, busy_after) = self.last.expect("more messages come than are counted");
        let counted = (self.end - self.deleted) as f64;
        let span_s = to.since(from).as_seconds_f64();
        Replication {
            mean_wait_s: self.counted_waits_ns as f64 / 1e9 / counted,
            mean_gap_s: span_s / counted,
            mean_service_s: self.counted_services_ns as f64 / 1e9 / counted,
            mean_service_square_s2: self.counted_service_squares_s2 / counted,
            mean_in_service: (busy_after - busy_before) as f64 / 1e9 / span_s,
            little: Little {
                waiting_area_ns: self.waiting_area_ns,
                waits_ns: self.waits_ns,
                present_area_ns: self.present_area_ns,
                stays_ns: self.stays_ns,
            },
        }
    }
}

impl Sink for QueueObserver {
    fn record(&mut self, event: &Event) -> Flow {
        let What::Moved { record, why, .. } = &event.what else { return Flow::Continue };
        let (now, number) = (event.time, record.message.id.0);
        let is_counted = (self.deleted..self.end).contains(&number);
        match why {
            Happening::Submitted => {
                self.advance(now);
                self.waiting += 1;
                self.present += 1;
                let busy_area_ns = self.present_area_ns - self.waiting_area_ns;
                if number == self.deleted {
                    self.first = Some((now, busy_area_ns));
                }
                if number == self.end {
                    self.last = Some((now, busy_area_ns));
                }
            }
            Happening::Dispatched => {
                self.advance(now);
                self.waiting -= 1;
                // From the message's own record; the areas are from the clock of the events.
                let wait = (record.first_dispatch - record.submitted).as_nanoseconds();
                self.waits_ns += u128::from(wait);
                if is_counted {
                    self.counted_waits_ns += u128::from(wait);
                }
            }
            Happening::AnsweredAccepted => {
                self.advance(now);
                self.present -= 1;
                self.stays_ns += u128::from((now - record.submitted).as_nanoseconds());
                if is_counted {
                    let service = now - record.first_dispatch;
                    self.counted_services_ns += u128::from(service.as_nanoseconds());
                    let service_s = service.as_seconds_f64();
                    self.counted_service_squares_s2 += service_s * service_s;
                }
            }
            _ => {}
        }
        Flow::Continue
    }
}

/// What one replication measured.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Replication {
    /// Mean time from submission to first dispatch.
    pub(crate) mean_wait_s: f64,
    /// Mean time between arrivals.
    pub(crate) mean_gap_s: f64,
    /// Mean time from dispatch to response.
    pub(crate) mean_service_s: f64,
    /// Mean of its square.
    pub(crate) mean_service_square_s2: f64,
    /// Time average of the number of unanswered attempts.
    pub(crate) mean_in_service: f64,
    /// Both sides of Little's law.
    pub(crate) little: Little,
}

/// Both sides of Little's law over a run from empty to empty: the area under a number is the sum of the
/// times that made it up, L·T = (λ·T)·W, to the nanosecond.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Little {
    /// Under the number of messages waiting.
    pub(crate) waiting_area_ns: u128,
    /// All waits.
    pub(crate) waits_ns: u128,
    /// Under the number waiting or in service.
    pub(crate) present_area_ns: u128,
    /// All times from submission to response.
    pub(crate) stays_ns: u128,
}

impl Little {
    /// Whether both hold.
    pub(crate) fn holds(&self) -> bool {
        self.waiting_area_ns == self.waits_ns && self.present_area_ns == self.stays_ns
    }
}
