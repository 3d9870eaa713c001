//! The last windows of an account, before they enter its baseline.

use super::brief::Brief;
use super::windows::Tally;

/// Windows that are kept one by one.
pub(super) const KEPT: usize = 12;

/// The last [`KEPT`] windows of an account.
///
/// They are a quarantine: a window is learnt only when it leaves, so an anomaly that begins slowly
/// is judged against a level it had no part in, and windows found abnormal are never learnt.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    /// At `window mod KEPT`.
    slots: [Slot; KEPT],
    /// The window after the newest kept.
    next: u64,
    known: u8,
    /// A bit a slot.
    abnormal_failures: u16,
    abnormal_volume: u16,
}

/// The counts of a window, in 8 bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    submitted: Brief,
    dispatched: Brief,
    succeeded: Brief,
    failed: Brief,
}

impl Slot {
    fn of(counts: Tally) -> Self {
        Slot {
            submitted: Brief::of_count(counts.submitted),
            dispatched: Brief::of_count(counts.dispatched),
            succeeded: Brief::of_count(counts.succeeded),
            failed: Brief::of_count(counts.failed),
        }
    }

    fn tally(self) -> Tally {
        Tally {
            submitted: self.submitted.count(),
            dispatched: self.dispatched.count(),
            succeeded: self.succeeded.count(),
            failed: self.failed.count(),
        }
    }
}

/// What a window may have taught, had it been ordinary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lesson {
    Failures,
    Volume,
}

/// A window that leaves the quarantine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Left {
    pub(super) counts: Tally,
    pub(super) failures_ordinary: bool,
    pub(super) volume_ordinary: bool,
}

impl Recent {
    /// Nothing yet; `first` is the window in which the account was first seen.
    pub(super) fn beginning_at(first: u64) -> Self {
        Recent {
            slots: [Slot::default(); KEPT],
            next: first,
            known: 0,
            abnormal_failures: 0,
            abnormal_volume: 0,
        }
    }

    /// The window that is to be pushed next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// How many windows are kept.
    pub(super) fn known(&self) -> usize {
        usize::from(self.known)
    }

    /// Takes the next window in; the oldest leaves if there is no room.
    pub(super) fn push(&mut self, counts: Tally) -> Option<Left> {
        let at = (self.next % KEPT as u64) as usize;
        let bit = 1_u16 << at;
        let left = (self.known() == KEPT).then(|| Left {
            counts: self.slots[at].tally(),
            failures_ordinary: self.abnormal_failures & bit == 0,
            volume_ordinary: self.abnormal_volume & bit == 0,
        });
        self.slots[at] = Slot::of(counts);
        self.abnormal_failures &= !bit;
        self.abnormal_volume &= !bit;
        self.next += 1;
        self.known = (self.known + 1).min(KEPT as u8);
        left
    }

    /// Takes a failure of a window back, if the window is still kept: whether it is.
    pub(super) fn correct(&mut self, window: u64) -> bool {
        let is_kept = window < self.next && self.next - window <= self.known() as u64;
        if is_kept {
            let slot = &mut self.slots[(window % KEPT as u64) as usize];
            let tally = slot.tally();
            if tally.failed > 0 {
                let succeeded = tally.succeeded.saturating_add(1);
                *slot = Slot::of(Tally { failed: tally.failed - 1, succeeded, ..tally });
            }
        }
        is_kept
    }

    /// Leaves out `windows` in which nothing happened, once all that is kept is silence.
    pub(super) fn skip(&mut self, windows: u64) {
        self.next += windows;
    }

    /// The windows kept, the newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Tally> + '_ {
        (0..self.known()).map(|age| self.slots[self.slot(age)].tally())
    }

    /// Messages submitted in the windows of ages `from` to `until` (excluded) of ordinary volume,
    /// and how many windows those are.
    pub(super) fn ordinary_volume(&self, from: usize, until: usize) -> (u64, u64) {
        (from..until.min(self.known())).fold((0, 0), |(submitted, windows), age| {
            let slot = self.slot(age);
            if self.abnormal_volume & (1 << slot) == 0 {
                (submitted + u64::from(self.slots[slot].submitted.count()), windows + 1)
            } else {
                (submitted, windows)
            }
        })
    }

    /// Marks the newest `windows` as teaching nothing about `lesson`.
    pub(super) fn mark_abnormal(&mut self, lesson: Lesson, windows: usize) {
        let marks =
            (0..windows.min(self.known())).fold(0, |marks, age| marks | 1 << self.slot(age));
        match lesson {
            Lesson::Failures => self.abnormal_failures |= marks,
            Lesson::Volume => self.abnormal_volume |= marks,
        }
    }

    fn slot(&self, age: usize) -> usize {
        ((self.next - 1 - age as u64) % KEPT as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submitted(submitted: u32) -> Tally {
        Tally { submitted, dispatched: submitted, succeeded: submitted, failed: 1 }
    }

    #[test]
    fn the_oldest_leaves_with_its_marks() {
        let mut recent = Recent::beginning_at(5);
        for window in 0..KEPT as u32 {
            assert_eq!(recent.push(submitted(window)), None);
        }
        recent.mark_abnormal(Lesson::Volume, KEPT - 1);
        assert_eq!(recent.ordinary_volume(0, KEPT), (0, 1), "only the oldest is left");
        let left = recent.push(submitted(99)).expect("full");
        assert_eq!((left.counts, left.volume_ordinary), (submitted(0), true));
        let left = recent.push(submitted(99)).expect("full");
        assert_eq!((left.counts, left.volume_ordinary), (submitted(1), false));
        assert!(left.failures_ordinary);
        assert_eq!(recent.ordinary_volume(0, 2), (198, 2), "a reused slot is unmarked");
    }
}
