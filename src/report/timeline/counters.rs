//! The counters of one destination, sampled: what waits, what is unanswered, what was sent.

use crate::scenario::Scenario;
use crate::scheduler::{Belief, Record};
use crate::time::{Span, Time};
use crate::units::Rate;

/// Populations with a line of their own; the others are put together.
const MOST_GROUPS: usize = 10;

#[derive(Clone, Debug)]
pub(super) struct Counters {
    /// Names of the lines.
    pub(super) groups: Vec<String>,
    pub(super) quota: Option<Rate>,
    /// Length between two samples.
    pub(super) step: Span,
    pub(super) samples: Vec<Sample>,
    /// By tenant: its line.
    line_of: Vec<usize>,
    now: Sample,
}

/// Values at a time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) time: Time,
    /// When what was sent began to be counted.
    pub(super) since: Time,
    /// Segments waiting, by line.
    pub(super) waiting: Vec<u64>,
    /// Segments sent since then, by line.
    pub(super) sent: Vec<u64>,
    /// Attempts unanswered.
    pub(super) unanswered: u64,
}

impl Counters {
    pub(super) fn new(scenario: &Scenario, destination: usize, samples: u64) -> Self {
        let mut groups: Vec<String> = Vec::new();
        let mut line_of = Vec::with_capacity(scenario.tenants.len());
        for tenant in &scenario.tenants {
            let known = groups.iter().position(|group| *group == tenant.group);
            line_of.push(known.unwrap_or_else(|| {
                if groups.len() < MOST_GROUPS {
                    groups.push(tenant.group.clone());
                } else if groups.len() == MOST_GROUPS {
                    groups.push("others".to_owned());
                }
                groups.len() - 1
            }));
        }
        let length = scenario.duration.saturating_add(scenario.drain).as_nanoseconds();
        let lines = groups.len();
        Counters {
            groups,
            quota: scenario.destinations[destination].quota.map(|quota| quota.rate),
            step: Span::from_nanoseconds(length.div_ceil(samples).max(1)),
            samples: Vec::new(),
            line_of,
            now: Sample {
                time: Time::ZERO,
                since: Time::ZERO,
                waiting: vec![0; lines],
                sent: vec![0; lines],
                unanswered: 0,
            },
        }
    }

    pub(super) fn moved(&mut self, time: Time, record: &Record, from: Option<Belief>, to: Belief) {
        self.sample_until(time);
        let line = self.line_of[record.message.tenant.index()];
        let segments = record.message.segments.get();
        if from == Some(Belief::Queued) {
            self.now.waiting[line] -= segments;
        }
        if to == Belief::Queued {
            self.now.waiting[line] += segments;
        }
        if from == Some(Belief::InFlight) {
            self.now.unanswered -= 1;
        }
        if to == Belief::InFlight {
            self.now.unanswered += 1;
            self.now.sent[line] += segments;
        }
    }

    pub(super) fn finish(&mut self, time: Time) {
        self.sample_until(time);
        self.take(time);
    }

    /// Takes the samples that are due before `time`. While nothing changes there is nothing to tell.
    fn sample_until(&mut self, time: Time) {
        let step = self.step.as_nanoseconds();
        let mut due = Time::from_nanoseconds((self.now.time.as_nanoseconds() / step + 1) * step);
        while due <= time {
            let is_news = self.take(due);
            if !is_news {
                // On to the last boundary before what happens now.
                let last = time.as_nanoseconds() / step * step;
                self.now.time = Time::from_nanoseconds(last);
                return;
            }
            due = due.saturating_add(self.step);
        }
    }

    /// Takes a sample unless it tells the same as the one before.
    fn take(&mut self, time: Time) -> bool {
        let step = self.step.as_nanoseconds();
        self.now.time = time;
        self.now.since =
            Time::from_nanoseconds(time.as_nanoseconds().saturating_sub(1) / step * step);
        let same = |last: &Sample| {
            last.waiting == self.now.waiting
                && last.sent == self.now.sent
                && last.unanswered == self.now.unanswered
        };
        let is_news = !self.samples.last().is_some_and(same);
        if is_news {
            self.samples.push(self.now.clone());
        }
        self.now.sent.iter_mut().for_each(|sent| *sent = 0);
        is_news
    }
}
