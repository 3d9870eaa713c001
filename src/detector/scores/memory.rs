//! Everything remembered of an account.

use super::super::alerting::AlertState;
use super::super::baseline::{FailureLevel, LATE_MIN, RATE_MIN, VolumeLevel};
use super::super::brief::Brief;
use super::super::evidence::{
    DROPS, DROPS_OF_NEWCOMERS, MOST, MOST_WHILE_RAISED, Moved, RISES, Risen, Usual,
};
use super::super::grouping::Whisper;
use super::super::impact::wandering;
use super::super::recent::{KEPT, Lesson, Recent};
use super::super::season::{DAY_S, Expected, Phase, Season};
use super::super::windows::{Closed, Tally};
use super::super::{ErrorClass, Notice};
use super::kind::Kind;
use crate::time::Time;

/// Nats from which nothing is learnt: what is suspicious must not become what is usual.
const FREEZES: f64 = 5.0;
/// Outcomes before which a suspicion does not keep an account from being learnt: its rate is a guess.
const GROWN: f64 = 60.0;
/// Volumes are held against this much less, or more, than was predicted: weekdays differ, holidays
/// come, and an error of the prediction is the same in every window.
const PREDICTED_DOWN: f64 = 0.97;
/// Less than was predicted, before a whole week was seen: weekends are to come.
const GUESSED_DOWN: f64 = 0.8;
const PREDICTED_UP: f64 = 1.04;
/// The same before a whole week was seen.
const GUESSED_UP: f64 = 1.12;
/// Standard errors of what is expected by which a volume must differ from it at least.
const ERRORS: f64 = 1.6;
/// What one window of a drop can say, in nats, to who has seen no whole week: one quiet window of a first
/// weekend is no alert, nor are two.
const NEWCOMER_AT_ONCE: f32 = 5.0;
/// Windows after which a suspicion that came to nothing is dropped.
const SUSPECTED_AT_MOST: u16 = 7 * 288;
/// Nats from which it is worth asking since when.
const DATED: f64 = 4.0;
/// Outcomes of a window that are too few to say anything of one account.
const WHISPERS: u64 = 3;
/// Nats from which what failed is over. Small sizes of change take long to refute; the size that was seen
/// does not.
const IS_OVER: f32 = 5.0;
/// Nats above which what was raised goes on. An account without outcomes says nothing, so its alert
/// stays.
const GOES_ON: f64 = 3.0;

/// Everything remembered of an account.
#[derive(Clone)]
pub(in crate::detector) struct Memory {
    pub(super) recent: Recent,
    pub(super) failures: FailureLevel,
    pub(super) late: FailureLevel,
    pub(super) volume: VolumeLevel,
    pub(super) season: Season,
    risen: [Risen; 2],
    pub(super) moved: [Moved; 2],
    /// By kind.
    pub(super) alerts: [AlertState; 4],
    pub(super) episodes: [Episode; 4],
    /// Failures since the evidence for them began to rise, by class.
    classes: [u16; ErrorClass::ALL.len()],
    pub(super) is_detached: bool,
    /// A bit a kind of which the evidence did not fall in the newest window.
    rising: u8,
    /// The window in which the account was first seen.
    first: u32,
    /// Seconds since time zero.
    campaign_until_s: u32,
    maintenance_until_s: u32,
}

/// What happened since the evidence of a kind began to rise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Episode {
    /// Its first window; `u32::MAX` truncates a later one, after 40,000 years.
    pub(super) onset: u32,
    pub(super) windows: u16,
    pub(super) expected: f32,
    pub(super) seen: f32,
    pub(super) traffic: f32,
    /// The harmed share up to the window that most likely was the last abnormal one: what comes after the
    /// end is not counted.
    pub(super) share: Brief,
    /// By how many nats the windows since then are likelier if it was.
    pub(super) over: Brief,
}

impl Memory {
    pub(super) fn beginning_at(window: u64) -> Self {
        Memory {
            recent: Recent::beginning_at(window),
            failures: FailureLevel::default(),
            late: FailureLevel::default(),
            volume: VolumeLevel::default(),
            season: Season::default(),
            risen: [Risen::default(); 2],
            moved: [Moved::default(); 2],
            alerts: [AlertState::NEW; 4],
            episodes: [Episode::default(); 4],
            classes: [0; ErrorClass::ALL.len()],
            is_detached: false,
            rising: 0,
            first: window.min(u32::MAX.into()) as u32,
            campaign_until_s: 0,
            maintenance_until_s: 0,
        }
    }

    pub(super) fn volume(&self) -> &VolumeLevel {
        &self.volume
    }

    pub(super) fn classes(&self) -> &[u16; ErrorClass::ALL.len()] {
        &self.classes
    }

    /// Takes note of what the platform announces while `window` is open.
    pub(super) fn notice(&mut self, now: Time, window: u64, notice: Notice) {
        let seconds =
            |time: Time| (time.as_nanoseconds() / 1_000_000_000).min(u32::MAX.into()) as u32;
        match notice {
            Notice::Attached => {
                // What is kept of an earlier life would be held against the new one, and so would the
                // silence between them.
                *self = Memory { alerts: self.alerts, ..Memory::beginning_at(window) };
            }
            Notice::Detached => self.is_detached = true,
            Notice::CampaignAnnounced { until } if until > now => {
                self.campaign_until_s = self.campaign_until_s.max(seconds(until));
            }
            Notice::Maintenance { until } if until > now => {
                self.maintenance_until_s = self.maintenance_until_s.max(seconds(until));
            }
            Notice::CampaignAnnounced { .. } | Notice::Maintenance { .. } => {}
        }
    }

    /// Whether a notice explains whatever is seen of this kind.
    pub(super) fn is_excused(&self, kind: Kind, seen: &Closed) -> bool {
        self.is_excused_from(kind, seen.start_of(seen.window))
    }

    /// The same of a window that began then: it is excused to its end.
    pub(super) fn is_excused_from(&self, kind: Kind, start: Time) -> bool {
        let start_s = start.as_nanoseconds() / 1_000_000_000;
        let maintenance =
            start_s <= u64::from(self.maintenance_until_s) && self.maintenance_until_s > 0;
        let campaign = start_s <= u64::from(self.campaign_until_s)
            && self.campaign_until_s > 0
            && kind == Kind::Up;
        maintenance || campaign || (self.is_detached && kind == Kind::Down)
    }

    /// Adds up the evidence of the window that ended.
    ///
    /// `unknown` are the rates of failures and late outcomes of accounts of which nothing is known.
    pub(super) fn weigh(&mut self, seen: &Closed, phase: Phase, unknown: (f64, f64)) {
        let Tally { submitted, dispatched, failed, .. } = seen.counts;
        let outcomes = seen.counts.outcomes();
        let window = seen.window;
        let before = Kind::ALL.map(|kind| self.nats(kind));

        let usual = self.failures.pessimistic(unknown.0, RATE_MIN);
        self.risen[0].take(failed, outcomes, usual, self.most(Kind::Failure));
        let expected = self.failures.belief().mean() * outcomes as f64;
        self.account(Kind::Failure, window, expected, f64::from(failed), outcomes as f64);
        if self.episodes[0].windows == 0 {
            self.classes = [0; ErrorClass::ALL.len()];
        } else {
            for (sum, seen) in self.classes.iter_mut().zip(seen.classes) {
                *sum = sum.saturating_add(seen.min(u32::from(u16::MAX)) as u16);
            }
        }

        let late = seen.counts.late();
        let usual = self.late.pessimistic(unknown.1, LATE_MIN);
        self.risen[1].take(late, u64::from(dispatched), usual, self.most(Kind::Late));
        let expected = self.late.belief().mean() * f64::from(dispatched);
        self.account(Kind::Late, window, expected, f64::from(late), f64::from(dispatched));

        let dispersion = self.volume.dispersion();
        let in_season = self.season.expected(phase, dispersion);
        let knows_the_week = self.season.knows_the_week();
        let drops: &[f64] = if knows_the_week { &DROPS } else { &DROPS_OF_NEWCOMERS };
        for (kind, factors) in [(Kind::Up, RISES.as_slice()), (Kind::Down, drops)] {
            let Some(mean) = self.usual_volume(kind, in_season) else { continue };
            // Who has not seen a whole day does not know its nights.
            let age_s = (window + 1 - u64::from(self.first).min(window)) * phase.width_s();
            if kind == Kind::Down && age_s < DAY_S {
                continue;
            }
            let is_newcomer = kind == Kind::Down && !knows_the_week;
            let most_at_once = if is_newcomer { NEWCOMER_AT_ONCE } else { MOST };
            let usual = Usual { mean: mean * self.margin(kind), dispersion, most_at_once };
            let most = self.most(kind);
            self.moved[kind as usize - 1].take(submitted, usual, factors, most);
            let traffic = mean.max(f64::from(submitted));
            self.account(kind, window, mean, f64::from(submitted), traffic);
        }
        for (kind, before) in Kind::ALL.into_iter().zip(before) {
            let bit = 1 << kind as u8;
            self.rising =
                if self.nats(kind) >= before { self.rising | bit } else { self.rising & !bit };
            let lesson = if kind.is_volume() { Lesson::Volume } else { Lesson::Failures };
            let is_grown = kind.is_volume() || self.failures.messages() >= GROWN;
            if is_grown && self.nats(kind) >= FREEZES {
                self.recent.mark_abnormal(lesson, 1);
            }
            if self.nats(kind) >= DATED && !self.alerts[kind as usize].is_raised() {
                self.date(kind, window);
            }
            let is_stale = self.episodes[kind as usize].windows > SUSPECTED_AT_MOST;
            if is_stale && !self.alerts[kind as usize].is_raised() {
                self.rest(kind);
            }
        }
    }

    /// A failure of a window that was judged was none: it is not learnt, it is no evidence, and it
    /// harmed nobody. `unknown` is the failure rate of accounts of which nothing is known.
    pub(super) fn correct(&mut self, window: u64, failed_as: ErrorClass, unknown: f64) {
        let was_ordinary = !self.recent.correct(window);
        let episode = &mut self.episodes[Kind::Failure as usize];
        if episode.windows > 0 && window >= u64::from(episode.onset) {
            episode.seen = (episode.seen - 1.0).max(0.0);
            let share = episode.share.get();
            if share > 0.0 && episode.traffic > 0.0 {
                episode.share = Brief::new((share - 1.0 / episode.traffic).max(0.0));
            }
            let class = &mut self.classes[failed_as as usize];
            *class = class.saturating_sub(1);
            let usual = self.failures.pessimistic(unknown, RATE_MIN);
            self.risen[0].take_back(usual.mean());
        } else if was_ordinary {
            self.failures.correct();
        }
    }

    /// Counts a window towards what happened since the evidence of a kind began to rise.
    pub(super) fn account(
        &mut self,
        kind: Kind,
        window: u64,
        expected: f64,
        seen: f64,
        traffic: f64,
    ) {
        let is_raised = self.alerts[kind as usize].is_raised();
        let goes_on = self.nats(kind) > 0.0 || is_raised;
        let episode = &mut self.episodes[kind as usize];
        if !goes_on {
            *episode = Episode::default();
            return;
        }
        if episode.windows == 0 {
            episode.onset = window.min(u32::MAX.into()) as u32;
        }
        episode.windows = episode.windows.saturating_add(1);
        episode.expected += expected as f32;
        episode.seen += seen as f32;
        episode.traffic += traffic as f32;
        if episode.traffic <= 0.0 {
            return;
        }
        let (excess, all) = match kind {
            Kind::Down => (expected - seen, episode.expected - episode.seen),
            _ => (seen - expected, episode.seen - episode.expected),
        };
        let share = (all / episode.traffic).clamp(0.0, 1.0);
        let is_of_it = if is_raised {
            let goes_on = kind.nats_of_harm(share.into(), expected, seen, traffic);
            episode.over = Brief::new((episode.over.get() - goes_on as f32).max(0.0));
            episode.over.get() == 0.0
        } else {
            // What is only suspected is not to look worse than it is.
            excess > 0.25 * expected
        };
        if is_of_it {
            episode.share = Brief::new(share);
        }
    }

    /// Messages a window that are usual now, if anything is known; `in_season` is what the season expects.
    pub(super) fn usual_volume(&self, kind: Kind, in_season: Option<Expected>) -> Option<f64> {
        let learnt = self.volume.mean();
        if let (Some(season), true) = (in_season, self.season.knows_the_week()) {
            // Of an account that sends little, next to nothing is known of an hour, and what is wrong of it
            // would speak in every window of that hour.
            let about = season.mean.max(learnt.unwrap_or(0.0));
            let error = ERRORS * libm::sqrt(about / season.windows);
            let known = if kind == Kind::Down { season.mean - error } else { season.mean + error };
            return Some(known.max(0.01));
        }
        let (submitted, ordinary) = self.recent.ordinary_volume(1, KEPT);
        let previous = (ordinary >= 6).then(|| submitted as f64 / ordinary as f64);
        // As long as the season is not known, what explains the present best is taken.
        let candidates =
            [learnt, in_season.map(|season| season.mean), previous].into_iter().flatten();
        let best = match kind {
            Kind::Down => candidates.reduce(f64::min)?,
            _ => {
                let best = candidates.reduce(f64::max)?;
                best + ERRORS * libm::sqrt(best / self.volume.windows().max(1.0))
            }
        };
        Some(best.max(0.01))
    }

    /// What volumes are held against is so many times what was predicted.
    pub(super) fn margin(&self, kind: Kind) -> f64 {
        match (kind, self.season.knows_the_week()) {
            (Kind::Up, true) => PREDICTED_UP,
            (Kind::Up, false) => GUESSED_UP,
            (_, true) => PREDICTED_DOWN,
            (_, false) => GUESSED_DOWN,
        }
    }

    /// The rate of a kind that is usual.
    pub(super) fn usual_rate(&self, kind: Kind) -> f64 {
        self.level(kind).belief().mean()
    }

    /// How much the rate of a kind wanders, as far as it matters.
    pub(super) fn wandering(&self, kind: Kind) -> f64 {
        wandering(self.level(kind).correlation(), self.volume.mean().unwrap_or(0.0))
    }

    fn level(&self, kind: Kind) -> &FailureLevel {
        if kind == Kind::Late { &self.late } else { &self.failures }
    }

    /// What a window says of an account whose outcomes are too few to make it suspicious by itself.
    pub(super) fn whisper(
        &self,
        kind: Kind,
        seen: &Closed,
        unknown: (f64, f64),
    ) -> Option<Whisper> {
        let (hits, of, usual) = match kind {
            Kind::Failure => (
                u64::from(seen.counts.failed),
                seen.counts.outcomes(),
                self.failures.pessimistic(unknown.0, RATE_MIN),
            ),
            Kind::Late => (
                u64::from(seen.counts.late()),
                seen.counts.dispatched.into(),
                self.late.pessimistic(unknown.1, LATE_MIN),
            ),
            Kind::Up | Kind::Down => return None,
        };
        // That all of several failed is no likelier than that one of them did.
        (1..=WHISPERS)
            .contains(&of)
            .then(|| Whisper { failed: hits == of, by_chance: usual.mean() })
    }

    /// The evidence for a kind in nats.
    pub(super) fn nats(&self, kind: Kind) -> f64 {
        match kind {
            Kind::Failure => self.risen[0].nats(),
            Kind::Late => self.risen[1].nats(),
            Kind::Up => self.moved[0].nats(),
            Kind::Down => self.moved[1].nats(),
        }
    }

    /// The harmed share of the traffic from when the evidence began to rise until it was last abnormal.
    pub(super) fn share(&self, kind: Kind) -> f64 {
        self.episodes[kind as usize].share.get().into()
    }

    /// What was expected and what was seen since the evidence began to rise.
    pub(super) fn expected_and_seen(&self, kind: Kind) -> (f64, f64) {
        let episode = &self.episodes[kind as usize];
        (f64::from(episode.expected), f64::from(episode.seen))
    }

    /// The window in which the evidence began to rise.
    pub(super) fn onset(&self, kind: Kind) -> u64 {
        self.episodes[kind as usize].onset.into()
    }

    /// How far the evidence of a kind may rise.
    fn most(&self, kind: Kind) -> f32 {
        if self.alerts[kind as usize].is_raised() { MOST_WHILE_RAISED } else { MOST }
    }

    /// Whether what was raised goes on: its evidence is not used up, and nothing says that it is over.
    pub(super) fn goes_on(&self, kind: Kind) -> bool {
        let share = self.share(kind);
        let nats = match kind {
            Kind::Failure => self.risen[0].nats_for(share),
            Kind::Late => self.risen[1].nats_for(share),
            Kind::Up | Kind::Down => return self.nats(kind) >= GOES_ON,
        };
        nats >= GOES_ON && self.episodes[kind as usize].over.get() < IS_OVER
    }

    /// Leaves the windows since the onset out of what is learnt.
    pub(super) fn mark_since_onset(&mut self, kind: Kind, window: u64) {
        let lesson = if kind.is_volume() { Lesson::Volume } else { Lesson::Failures };
        let windows = window.saturating_sub(self.onset(kind)).saturating_add(1);
        self.recent.mark_abnormal(lesson, windows.min(KEPT as u64) as usize);
    }

    /// Whether the evidence did not fall in the window that ended.
    pub(super) fn is_rising(&self, kind: Kind) -> bool {
        self.rising & 1 << kind as u8 != 0
    }

    /// Forgets the evidence of a kind.
    pub(super) fn rest(&mut self, kind: Kind) {
        self.episodes[kind as usize] = Episode::default();
        match kind {
            Kind::Failure => self.risen[0] = Risen::default(),
            Kind::Late => self.risen[1] = Risen::default(),
            Kind::Up => self.moved[0] = Moved::default(),
            Kind::Down => self.moved[1] = Moved::default(),
        }
    }

    /// Forgets what was usual and takes the recent windows for it.
    pub(super) fn adopt(&mut self, kind: Kind) {
        if kind.is_volume() {
            self.volume = VolumeLevel::default();
            self.season = Season::default();
            self.recent.iter().for_each(|counts| {
                self.volume.learn(f64::from(counts.submitted), None);
            });
        } else {
            self.failures = FailureLevel::default();
            self.late = FailureLevel::default();
            self.recent.iter().for_each(|counts| {
                self.failures.learn(counts.failed, counts.succeeded);
                self.late.learn(counts.late(), counts.dispatched - counts.late());
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::windows::SLOT_BYTES;

    #[test]
    fn an_account_takes_at_most_512_bytes() {
        // The memory, and the open window in a table that has room for an eighth more.
        let bytes = size_of::<Memory>() + SLOT_BYTES + SLOT_BYTES.div_ceil(8);
        assert!(bytes <= 512, "{bytes}");
    }
}
