//! The detector of failure, fluctuation and sparsity.

mod catching_up;
mod dating;
mod kind;
mod memory;

use kind::Kind;
use memory::Memory;

use super::alerting::{AlertState, Reading};
use super::baseline::Young;
use super::grouping::{Groups, Trouble};
use super::impact::{Evidence, PROPORTION, VOLUME, confidence, damped, impact, size};
use super::season::Phase;
use super::windows::{Attention, Closed, Judge, Watch};
use super::{
    Account, AlertEvent, AlertKind, Cause, Counts, Detector, DetectorSettings, ErrorClass,
    Explanation, Notice, Observation, Scores, Severity, composition, sparsity,
};
use crate::time::Time;

/// The detector of failure, fluctuation and sparsity: registered as `scores`.
///
/// Every account is judged against its own past when a window ends. For each kind of alert a bank of
/// CUSUMs adds up the evidence that a change of some size has happened, under the account's own rate or
/// season and its own over-dispersion; and the **harmed share** of the traffic is counted since the
/// evidence began to rise. A score is confidence × size: the confidence rises from 0 to 1 between 3.1
/// and 5.5 powers of ten of evidence for proportions, 3.6 and 6 for volumes; the size is 1 from a half
/// harmed, ½ at 1 % (logarithmic).
///
/// - **failure**: the share of outcomes that fail, and that of messages without an outcome. Failures of a
///   class that is rare are stronger evidence than failures of the usual classes.
/// - **fluctuation**: volume up and down, against the hour of the day and the day of the week.
/// - **sparsity** = the larger of 24 ÷ (24 + remembered windows) and 8 ÷ (8 + remembered messages). It
///   damps the fluctuation. Of a failure more evidence is asked for the less is known: 26 powers of ten times
///   the square of the first, or 5 times the cube of 12 ÷ (12 + remembered messages), whichever is more; and
///   less for the powers of ten by which messages, or failures at 5 %, are rarer than windows, because what
///   happens rarely is rarely a false alarm.
/// - **impact** = 1 − (1 − failure)·(1 − (1 − sparsity)·fluctuation).
///
/// An alert of a kind is raised when what the kind contributes to the impact reaches
/// [`DetectorSettings::raise_at`], and cleared after three windows in a row below
/// [`DetectorSettings::clear_at`]. An alert that has been on for 288 windows is cleared and its level
/// becomes the account's usual: what lasts a day is the new normal. Its severity is the bin of the
/// harmed share, at the end of the alert that of its whole length. Many accounts of one destination that
/// fail at once are one alert.
pub struct ScoresDetector {
    watch: Watch<ScoresJudge>,
}

/// A score that can be switched off, to show what it is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Failures and late outcomes are never abnormal.
    Failure,
    /// Volumes are never abnormal.
    Fluctuation,
    /// Every account's past is taken at face value.
    Sparsity,
    /// Every account is told of on its own.
    Grouping,
}

impl ScoresDetector {
    /// A detector with all its parts.
    pub fn new(settings: DetectorSettings) -> Self {
        Self::without(settings, &[])
    }

    /// A detector with the parts named switched off.
    pub fn without(settings: DetectorSettings, parts: &[Part]) -> Self {
        let judge = ScoresJudge {
            settings,
            failure: !parts.contains(&Part::Failure),
            fluctuation: !parts.contains(&Part::Fluctuation),
            sparsity: !parts.contains(&Part::Sparsity),
            grouping: !parts.contains(&Part::Grouping),
            groups: Groups::default(),
            usual_classes: [1; ErrorClass::ALL.len()],
            young: Young::default(),
        };
        ScoresDetector { watch: Watch::new(judge, settings.window) }
    }
}

impl Detector for ScoresDetector {
    fn observe(&mut self, now: Time, account: Account, seen: Observation) {
        self.watch.observe(now, account, seen);
    }

    fn observe_counts(&mut self, now: Time, account: Account, seen: &Counts) {
        self.watch.observe_counts(now, account, seen);
    }

    fn correct(&mut self, now: Time, account: Account, then: Time, failed_as: ErrorClass) {
        self.watch.correct(now, account, then, failed_as);
    }

    fn notice(&mut self, now: Time, account: Account, notice: Notice) {
        self.watch.notice(now, account, notice);
    }

    fn tick(&mut self, now: Time, report: &mut dyn FnMut(AlertEvent)) {
        self.watch.tick(now, report);
    }

    fn next_tick(&self) -> Time {
        self.watch.next_tick()
    }
}

/// Windows after which the level of an alert becomes the account's usual.
const ADOPTED_AFTER: u32 = 288;

/// Nats from which an account counts as suspicious: one chance in a hundred.
const SUSPICIOUS: f64 = 4.6;

/// Nats below which there is no score, whatever the classes of the failures and however rare they are.
const WORTH_A_LOOK: f64 = 2.0;

/// Messages more than expected that make an account one of a crowd.
const CROWD_MIN: f64 = 3.0;

/// Messages a day below which a silent account is not worth waking for.
const AWAKE_MESSAGES_A_DAY: f64 = 4.0;

struct ScoresJudge {
    settings: DetectorSettings,
    failure: bool,
    fluctuation: bool,
    sparsity: bool,
    grouping: bool,
    groups: Groups,
    /// Failures of calm accounts by class, of all accounts together: what is ordinary of a status.
    usual_classes: [u64; ErrorClass::ALL.len()],
    /// What accounts of which little is known are like: what is believed of the next one.
    young: Young,
}

impl Judge for ScoresJudge {
    type State = Memory;

    fn begin(&self, window: u64) -> Memory {
        Memory::beginning_at(window)
    }

    fn notice(&mut self, now: Time, window: u64, notice: Notice, memory: &mut Memory) {
        memory.notice(now, window, notice);
    }

    fn correct(&mut self, window: u64, failed_as: ErrorClass, memory: &mut Memory) {
        memory.correct(window, failed_as, self.young.rates().0);
    }

    fn judge(
        &mut self,
        seen: &Closed,
        memory: &mut Memory,
        report: &mut dyn FnMut(AlertEvent),
    ) -> Attention {
        memory.catch_up(seen, &mut self.young);
        let width_s = (seen.width.as_nanoseconds() / 1_000_000_000).max(1);
        let phase = Phase::of(seen.window.saturating_mul(width_s), width_s);
        memory.weigh(seen, phase, self.young.rates());
        let is_calm = memory.nats(Kind::Failure) < 1.0;
        if is_calm {
            let classes = self.usual_classes.iter_mut().zip(seen.classes);
            classes.for_each(|(usual, seen)| *usual += u64::from(seen));
        }
        if self.grouping {
            self.count_trouble(seen, memory);
        }

        let sparsity = if self.sparsity { sparsity::score(memory.volume()) } else { 0.0 };
        let score = |kind: Kind| {
            let is_on = if kind.is_volume() { self.fluctuation } else { self.failure };
            if !is_on {
                return 0.0;
            }
            if memory.alerts[kind as usize].is_raised() {
                return if memory.goes_on(kind) { size(memory.share(kind)) } else { 0.0 };
            }
            // What is on its way down was told before, or is nothing.
            if !memory.is_rising(kind) || memory.nats(kind) < WORTH_A_LOOK {
                return 0.0;
            }
            let (caution, wandering) = match kind {
                Kind::Up | Kind::Down => (0.0, 0.0),
                Kind::Failure | Kind::Late => {
                    let rate = memory.usual_rate(kind);
                    let caution = || sparsity::caution(memory.volume(), rate);
                    (if self.sparsity { caution() } else { 0.0 }, memory.wandering(kind))
                }
            };
            confidence(self.evidence(kind, memory), kind.evidence(), caution, wandering)
                * size(memory.share(kind))
        };
        let [failure, up, down, late] = Kind::ALL.map(score);
        let fluctuation = up.max(down);
        let impact = impact(failure.max(late), fluctuation, sparsity);
        let scores = Scores { failure: failure.max(late), fluctuation, sparsity, impact };
        for kind in Kind::ALL {
            let contribution = match kind {
                Kind::Failure => failure,
                Kind::Up => damped(up, sparsity),
                Kind::Down => damped(down, sparsity),
                Kind::Late => late,
            };
            self.decide(kind, contribution, scores, seen, memory, report);
        }

        let may_fall = self.fluctuation
            && 288.0 * memory.volume().mean().unwrap_or(0.0) >= AWAKE_MESSAGES_A_DAY;
        let alerting = memory.alerts.iter().any(AlertState::is_raised);
        if alerting || may_fall || !seen.counts.is_empty() {
            Attention::Awake
        } else {
            Attention::Asleep
        }
    }

    fn settle(&mut self, end: Time, found: &mut alloc::vec::Vec<AlertEvent>) {
        if self.grouping {
            self.groups.settle(end, self.settings.quiet, found);
        }
    }
}

impl ScoresJudge {
    /// Counts the account among those of its destination, for every kind that the window says anything
    /// of.
    fn count_trouble(&mut self, seen: &Closed, memory: &Memory) {
        let Account { tenant, destination } = seen.account;
        for kind in Kind::ALL {
            let speaks = match kind {
                Kind::Failure => self.failure && seen.counts.outcomes() > 0,
                Kind::Late => self.failure && seen.counts.dispatched > 0,
                Kind::Up => self.fluctuation && seen.counts.submitted > 0,
                Kind::Down => self.fluctuation,
            };
            if !speaks || memory.is_excused(kind, seen) {
                continue;
            }
            let (expected, total) = memory.expected_and_seen(kind);
            // Only who submits is asked for a rise, so a message where hardly one was expected is no surprise.
            let is_enough = kind != Kind::Up || total - expected >= CROWD_MIN;
            let is_suspicious = is_enough && memory.nats(kind) >= SUSPICIOUS;
            let whisper = memory.whisper(kind, seen, self.young.rates());
            let is_in_trouble = is_suspicious || whisper.is_some_and(|whisper| whisper.failed);
            let trouble = is_in_trouble.then(|| Trouble {
                tenant,
                since: seen.start_of(memory.onset(kind)),
                share: memory.share(kind),
                expected,
                seen: total,
                classes: *memory.classes(),
            });
            let key = (destination, kind.of_alert());
            self.groups.count(key, is_suspicious, whisper, trouble);
        }
    }

    /// The evidence for a kind in nats: for failures, with what their classes say.
    fn evidence(&self, kind: Kind, memory: &Memory) -> f64 {
        let nats = memory.nats(kind);
        // What is far from any threshold need not be known exactly, and most accounts are.
        if kind != Kind::Failure || nats < WORTH_A_LOOK {
            return nats;
        }
        let usual: u64 = self.usual_classes.iter().sum();
        let shares = self.usual_classes.map(|count| count as f64 / usual as f64);
        let all: f64 = memory.classes().iter().map(|count| f64::from(*count)).sum();
        let (expected, seen) = memory.expected_and_seen(kind);
        nats + composition::nats(memory.classes(), &shares, (seen - expected) / all.max(1.0))
    }

    /// Raises or clears an alert of one kind, and says why.
    fn decide(
        &self,
        kind: Kind,
        contribution: f64,
        scores: Scores,
        seen: &Closed,
        memory: &mut Memory,
        report: &mut dyn FnMut(AlertEvent),
    ) {
        let end = seen.end();
        let is_excused = memory.is_excused(kind, seen);
        let share = memory.share(kind);
        let was_raised = memory.alerts[kind as usize].is_raised();
        let reading = Reading {
            end,
            contribution: if is_excused { 0.0 } else { contribution },
            severity: Severity::of_share(share).max(Severity::Low),
            since: seen.start_of(memory.onset(kind)),
        };
        let mut turn = memory.alerts[kind as usize].update(&reading, &self.settings);
        let is_raised = memory.alerts[kind as usize].is_raised();
        if is_excused && !was_raised {
            memory.rest(kind);
        } else if was_raised || is_raised {
            memory.mark_since_onset(kind, seen.window);
        }
        let adopts = is_raised && memory.alerts[kind as usize].windows() >= ADOPTED_AFTER;
        // Nearly every window of every account ends here, and an explanation costs more than the rest.
        if turn.is_none() && !adopts {
            return;
        }
        let (expected, seen_since) = memory.expected_and_seen(kind);
        let explanation = Explanation {
            evidence: self.evidence(kind, memory) / core::f64::consts::LN_10,
            harmed: share,
            expected,
            seen: seen_since,
            cause: self.cause(kind, memory),
            ..Explanation::default()
        };
        if adopts {
            turn = memory.alerts[kind as usize].clear(end, &self.settings);
            memory.adopt(kind);
        }
        if let Some(turn) = turn {
            let severity = match turn.change {
                super::AlertChange::Raised => turn.severity,
                // At the end the whole is known, and it is the whole that was bad.
                super::AlertChange::Cleared => Severity::of_share(share).max(Severity::Low),
            };
            report(AlertEvent {
                account: seen.account,
                kind: kind.of_alert(),
                severity,
                change: turn.change,
                scores,
                since: turn.since,
                explanation,
            });
            if turn.change == super::AlertChange::Cleared {
                memory.rest(kind);
            }
        }
    }

    /// The likely cause: of failures, the class of status that grew most beyond what is ordinary.
    fn cause(&self, kind: Kind, memory: &Memory) -> Cause {
        match kind {
            Kind::Up => return Cause::UnannouncedSurge,
            Kind::Down => return Cause::TrafficStopped,
            Kind::Late => return Cause::ReceiptDelay,
            Kind::Failure => {}
        }
        let usual: u64 = self.usual_classes.iter().sum();
        // Of the failures that were split by class, those beyond what was expected are not ordinary.
        let (expected, seen) = memory.expected_and_seen(kind);
        let all: f64 = memory.classes().iter().map(|count| f64::from(*count)).sum();
        let expected = (all - (seen - expected).max(0.0)).max(0.0);
        let excess = |class: ErrorClass| {
            let ordinary = self.usual_classes[class as usize] as f64 / usual as f64;
            f64::from(memory.classes()[class as usize]) - expected * ordinary
        };
        let mut worst = ErrorClass::Other;
        for class in ErrorClass::ALL {
            if excess(class) > excess(worst) {
                worst = class;
            }
        }
        match worst {
            ErrorClass::Unreachable => Cause::CarrierOutage,
            ErrorClass::Throttled => Cause::Throttling,
            ErrorClass::Filtered => Cause::Filtering,
            ErrorClass::InvalidRecipient => Cause::BadList,
            ErrorClass::Other => Cause::Unknown,
        }
    }
}

impl Kind {
    fn of_alert(self) -> AlertKind {
        AlertKind::ALL[self as usize]
    }

    /// The evidence that it takes.
    fn evidence(self) -> Evidence {
        if self.is_volume() { VOLUME } else { PROPORTION }
    }
}
