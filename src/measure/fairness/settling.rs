//! How long a division takes to become fair after a change.

use super::super::findings::Quantile;
use crate::time::{Span, Time};

/// Follows the changes at one destination: a tenant that has unserved work for the first time, another weight,
/// another quota.
///
/// A change is settled at the end of the first contended window that begins at or after it and is *even*:
/// everybody who is judged was sent what it is entitled to, within a tenth of that, or within one of the
/// largest messages where that is more (the windowed D∞ ≤ 0.1). So the resolution is a window of the scenario.
/// Time before it in which nobody competed does not count.
/// Changes before that are settled with the first of them. One that the run ends before is only known to take
/// longer, and is none at all when no window was contended since.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Settling {
    since: Option<Time>,
    was_contended: bool,
    /// The end of the last contended window.
    contended_until: Option<Time>,
    longest: Option<Span>,
}

impl Settling {
    /// Something is otherwise from now on.
    pub(super) fn changed(&mut self, now: Time) {
        if self.since.is_none() {
            self.since = Some(now);
            self.was_contended = false;
        }
    }

    /// A contended window is over.
    pub(super) fn window(&mut self, start: Time, end: Time, is_even: bool) {
        let goes_on = self.contended_until.replace(end) == Some(start);
        let Some(changed) = self.since.filter(|since| *since <= start) else { return };
        let since = if goes_on { changed } else { start };
        self.since = Some(since);
        self.was_contended = true;
        if is_even {
            self.longest = self.longest.max(Some(end.since(since)));
            self.since = None;
        }
    }

    /// The longest that a change took, seconds.
    pub(super) fn longest_s(&self, ended: Time) -> Option<Quantile> {
        let open = self.since.filter(|_| self.was_contended).map(|since| ended.since(since));
        let seconds = |span: Span| span.as_seconds_f64();
        match open {
            Some(open) => Some(Quantile::Above(seconds(open.max(self.longest.unwrap_or(open))))),
            None => self.longest.map(seconds).map(Quantile::Exactly),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::at;
    use super::*;

    #[test]
    fn worked_by_hand() {
        let mut settling = Settling::default();
        settling.window(at(0.0), at(10.0), true);
        assert_eq!(settling.longest_s(at(10.0)), None, "nothing changed");
        settling.changed(at(12.0));
        settling.window(at(10.0), at(20.0), true);
        assert_eq!(settling.longest_s(at(20.0)), None, "it began before the change");
        settling.window(at(20.0), at(30.0), false);
        settling.changed(at(33.0));
        settling.window(at(30.0), at(40.0), false);
        assert_eq!(settling.longest_s(at(40.0)), Some(Quantile::Above(28.0)));
        settling.window(at(40.0), at(50.0), true);
        assert_eq!(settling.longest_s(at(50.0)), Some(Quantile::Exactly(38.0)));
        // A quicker one does not count, and one that goes on counts as longer than the longest known.
        settling.changed(at(60.0));
        settling.window(at(60.0), at(70.0), true);
        assert_eq!(settling.longest_s(at(70.0)), Some(Quantile::Exactly(38.0)));
        settling.changed(at(80.0));
        settling.window(at(80.0), at(90.0), false);
        assert_eq!(settling.longest_s(at(90.0)), Some(Quantile::Above(38.0)));
    }

    #[test]
    fn time_in_which_nobody_competes_does_not_count() {
        let mut settling = Settling::default();
        settling.changed(at(3.0));
        settling.window(at(300.0), at(310.0), false);
        settling.window(at(310.0), at(320.0), true);
        assert_eq!(settling.longest_s(at(400.0)), Some(Quantile::Exactly(20.0)));
    }
}
