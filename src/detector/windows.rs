//! Counting in aligned windows, and judging each when it ends.

use alloc::vec::Vec;

use super::marks::Marks;
use super::{Account, AlertEvent, Counts, ErrorClass, Notice, Observation};
use crate::paged::Paged;
use crate::time::{Span, Time};
use crate::units::{DestinationId, TenantId};

/// The last one in this many of a window is too late for outcomes of the same window: an attempt of
/// then is expected to be settled in the next.
const GRACE: u64 = 5;

/// Counts every account's windows and hands each that matters to a [`Judge`].
///
/// Counting touches one dense slot and allocates only when an account is seen for the first time. When a
/// window ends, only accounts that had traffic in it or asked to stay awake are judged, in order of
/// destination and tenant.
pub(super) struct Watch<J: Judge> {
    judge: J,
    width: u64,
    /// Before the end of a window, in which an attempt's outcome is expected in the next.
    grace: u64,
    open: u64,
    /// When the open window ends, nanoseconds; `u64::MAX` for never.
    closes: u64,
    /// By destination and tenant, because both are dense.
    slots: Vec<Vec<Slot>>,
    states: Paged<J::State>,
    /// By destination: tenants that are to be judged when the open window ends.
    due: Vec<Marks>,
    /// Found while observing, because nobody ticked in time; reported at the next tick.
    pending: Vec<AlertEvent>,
    /// Found in the window that is being judged.
    found: Vec<AlertEvent>,
}

/// What decides about the windows of an account.
pub(super) trait Judge {
    /// What it remembers of one account.
    type State: Clone;

    /// The memory of an account whose first window is `window`.
    fn begin(&self, window: u64) -> Self::State;

    /// Takes note of something that explains what is to come; `window` is open.
    fn notice(&mut self, now: Time, window: u64, notice: Notice, state: &mut Self::State) {
        let _ = (now, window, notice, state);
    }

    /// A failure of a window that was judged was none.
    fn correct(&mut self, window: u64, failed_as: ErrorClass, state: &mut Self::State) {
        let _ = (window, failed_as, state);
    }

    /// When all accounts of a window have been judged: may replace what was found by what it has in
    /// common.
    fn settle(&mut self, end: Time, found: &mut Vec<AlertEvent>) {
        let _ = (end, found);
    }

    /// Judges a window that ended. Windows of one account come in order; those in which nothing
    /// happened are left out while it sleeps.
    fn judge(
        &mut self,
        seen: &Closed,
        state: &mut Self::State,
        report: &mut dyn FnMut(AlertEvent),
    ) -> Attention;
}

/// Whether an account is to be judged at the next window even if nothing happens in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Attention {
    Awake,
    Asleep,
}

/// A window that ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Closed {
    pub(super) account: Account,
    /// Its start is this many widths after time zero.
    pub(super) window: u64,
    pub(super) width: Span,
    pub(super) counts: Tally,
    /// Failures by class of status.
    pub(super) classes: [u32; ErrorClass::ALL.len()],
}

impl Closed {
    /// When the window ended.
    pub(super) fn end(&self) -> Time {
        self.start_of(self.window + 1)
    }

    /// When another window of the same width starts.
    pub(super) fn start_of(&self, window: u64) -> Time {
        Time::from_nanoseconds(window.saturating_mul(self.width.as_nanoseconds()))
    }
}

/// What was seen of an account in one window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    pub(super) submitted: u32,
    pub(super) dispatched: u32,
    pub(super) succeeded: u32,
    pub(super) failed: u32,
}

impl Tally {
    /// Whether nothing was seen.
    pub(super) fn is_empty(self) -> bool {
        self == Tally::default()
    }

    /// Attempts whose outcome was seen.
    pub(super) fn outcomes(self) -> u64 {
        u64::from(self.succeeded) + u64::from(self.failed)
    }

    /// Attempts whose outcome stayed out.
    pub(super) fn late(self) -> u32 {
        u64::from(self.dispatched).saturating_sub(self.outcomes()) as u32
    }

    /// The share of the attempts dispatched whose outcome stayed out; 0 if there are none.
    pub(super) fn late_rate(self) -> f64 {
        if self.dispatched == 0 { 0.0 } else { f64::from(self.late()) / f64::from(self.dispatched) }
    }

    /// The share of those that failed; 0 if there are none.
    pub(super) fn failure_rate(self) -> f64 {
        if self.outcomes() == 0 { 0.0 } else { f64::from(self.failed) / self.outcomes() as f64 }
    }
}

#[derive(Clone, Copy)]
struct Slot {
    counts: Counts,
    /// Attempts so near the end of the window that their outcomes are expected in the next.
    due_next: u32,
    state: u32,
}

/// What the open window of an account takes.
#[cfg(test)]
pub(super) const SLOT_BYTES: usize = size_of::<Slot>();

impl Slot {
    const STATELESS: u32 = u32::MAX;
    const EMPTY: Slot = Slot { counts: Counts::NONE, due_next: 0, state: Self::STATELESS };
}

impl<J: Judge> Watch<J> {
    /// Watches in windows of `width`; a width of zero is taken for a nanosecond.
    pub(super) fn new(judge: J, width: Span) -> Self {
        let width = width.as_nanoseconds().max(1);
        Watch {
            judge,
            width,
            grace: width / GRACE,
            open: 0,
            closes: width,
            slots: Vec::new(),
            states: Paged::default(),
            due: Vec::new(),
            pending: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Counts one observation.
    #[inline]
    pub(super) fn observe(&mut self, now: Time, account: Account, seen: Observation) {
        if now.as_nanoseconds() >= self.closes {
            self.close_unattended(now);
        }
        let is_due_next =
            seen == Observation::Dispatched && now.as_nanoseconds() >= self.closes - self.grace;
        let slot = self.slot(account);
        if is_due_next {
            slot.due_next = slot.due_next.saturating_add(1);
        } else {
            slot.counts.add(seen);
        }
    }

    /// Counts many observations of an account at once.
    pub(super) fn observe_counts(&mut self, now: Time, account: Account, seen: &Counts) {
        if now.as_nanoseconds() >= self.closes {
            self.close_unattended(now);
        }
        if !seen.is_empty() {
            self.slot(account).counts.merge(seen);
        }
    }

    /// Takes a failure back that was counted at `then`.
    pub(super) fn correct(
        &mut self,
        now: Time,
        account: Account,
        then: Time,
        failed_as: ErrorClass,
    ) {
        if now.as_nanoseconds() >= self.closes {
            self.close_unattended(now);
        }
        let window = then.as_nanoseconds() / self.width;
        if window >= self.open {
            let counts = &mut self.slot(account).counts;
            let failed = &mut counts.failed[failed_as as usize];
            if *failed > 0 {
                *failed -= 1;
                counts.succeeded = counts.succeeded.saturating_add(1);
            }
            return;
        }
        let slots = self.slots.get(account.destination.index());
        let slot = slots.and_then(|slots| slots.get(account.tenant.index()));
        if let Some(slot) = slot.filter(|slot| slot.state != Slot::STATELESS) {
            self.judge.correct(window, failed_as, &mut self.states[slot.state]);
        }
    }

    /// Tells the judge of something that explains what is to come.
    pub(super) fn notice(&mut self, now: Time, account: Account, notice: Notice) {
        if now.as_nanoseconds() >= self.closes {
            self.close_unattended(now);
        }
        self.slot(account);
        let window = self.open;
        let slot = &mut self.slots[account.destination.index()][account.tenant.index()];
        if slot.state == Slot::STATELESS {
            slot.state = u32::try_from(self.states.len()).expect("fewer accounts than 2³²");
            self.states.push(self.judge.begin(window));
        }
        self.judge.notice(now, window, notice, &mut self.states[slot.state]);
    }

    /// The slot of an account's open window, which from now on is to be judged.
    #[inline]
    fn slot(&mut self, account: Account) -> &mut Slot {
        let (destination, tenant) = (account.destination.index(), account.tenant.index());
        if self.slots.get(destination).is_none_or(|slots| tenant >= slots.len()) {
            self.make_room(destination, tenant);
        }
        let slot = &mut self.slots[destination][tenant];
        if slot.counts.is_empty() && slot.due_next == 0 {
            self.due[destination].set(tenant);
        }
        slot
    }

    /// Judges every window that ended at or before `now`.
    pub(super) fn tick(&mut self, now: Time, report: &mut dyn FnMut(AlertEvent)) {
        self.pending.drain(..).for_each(&mut *report);
        self.close(now, report);
    }

    /// When the open window ends.
    pub(super) fn next_tick(&self) -> Time {
        if self.pending.is_empty() { Time::from_nanoseconds(self.closes) } else { Time::ZERO }
    }

    #[cold]
    fn make_room(&mut self, destination: usize, tenant: usize) {
        if destination >= self.slots.len() {
            self.slots.resize_with(destination + 1, Vec::new);
            self.due.resize_with(destination + 1, Marks::default);
        }
        let slots = &mut self.slots[destination];
        if tenant >= slots.capacity() {
            // An eighth more than is needed, where a vector by itself would take twice as much.
            slots.reserve_exact((tenant + 1) + (tenant + 1) / 8 - slots.len());
        }
        slots.resize(tenant + 1, Slot::EMPTY);
        self.due[destination].make_room(tenant);
    }

    #[cold]
    fn close_unattended(&mut self, now: Time) {
        let mut pending = core::mem::take(&mut self.pending);
        self.close(now, &mut |event| pending.push(event));
        self.pending = pending;
    }

    fn close(&mut self, now: Time, report: &mut dyn FnMut(AlertEvent)) {
        let now = now.as_nanoseconds();
        while now >= self.closes && self.closes != u64::MAX {
            if self.due.iter().all(Marks::is_empty) {
                self.open = now / self.width;
            } else {
                self.judge_open(report);
                self.open += 1;
            }
            self.closes = (self.open + 1).saturating_mul(self.width);
        }
    }

    fn judge_open(&mut self, report: &mut dyn FnMut(AlertEvent)) {
        let mut found = core::mem::take(&mut self.found);
        for destination in 0..self.due.len() {
            let mut next = self.due[destination].next(0);
            while let Some(tenant) = next {
                let account = Account {
                    tenant: TenantId(tenant as u32),
                    destination: DestinationId(destination as u16),
                };
                self.due[destination].clear(tenant);
                let stays = self.judge_one(account, &mut |event| found.push(event));
                if stays == Attention::Awake {
                    self.due[destination].set(tenant);
                }
                next = self.due[destination].next(tenant + 1);
            }
        }
        self.judge.settle(Time::from_nanoseconds(self.closes), &mut found);
        found.drain(..).for_each(report);
        self.found = found;
    }

    fn judge_one(&mut self, account: Account, report: &mut dyn FnMut(AlertEvent)) -> Attention {
        let slot = &mut self.slots[account.destination.index()][account.tenant.index()];
        if slot.state == Slot::STATELESS {
            slot.state = u32::try_from(self.states.len()).expect("fewer accounts than 2³²");
            self.states.push(self.judge.begin(self.open));
        }
        let counts = core::mem::take(&mut slot.counts);
        // Of the attempts expected in the next window, the prompt ones were settled in this one.
        let outcomes = u64::from(counts.succeeded) + u64::from(counts.failures());
        let settled = outcomes.saturating_sub(counts.dispatched.into()).min(slot.due_next.into());
        slot.counts.dispatched = core::mem::take(&mut slot.due_next) - settled as u32;
        let is_busy = slot.counts.dispatched > 0;
        let seen = Closed {
            account,
            window: self.open,
            width: Span::from_nanoseconds(self.width),
            counts: Tally {
                submitted: counts.submitted,
                dispatched: counts.dispatched,
                succeeded: counts.succeeded,
                failed: counts.failures(),
            },
            classes: counts.failed,
        };
        match self.judge.judge(&seen, &mut self.states[slot.state], report) {
            Attention::Asleep if !is_busy => Attention::Asleep,
            _ => Attention::Awake,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::RefCell;

    /// Notes every window it is shown and stays awake for one silent window.
    struct Notes(RefCell<Vec<(u64, u16, u32, Tally)>>);

    impl Judge for Notes {
        type State = ();
        fn begin(&self, _: u64) {}
        fn judge(
            &mut self,
            seen: &Closed,
            (): &mut (),
            _: &mut dyn FnMut(AlertEvent),
        ) -> Attention {
            let Account { tenant, destination } = seen.account;
            self.0.borrow_mut().push((seen.window, destination.0, tenant.0, seen.counts));
            if seen.counts.is_empty() { Attention::Asleep } else { Attention::Awake }
        }
    }

    fn account(destination: u16, tenant: u32) -> Account {
        Account { tenant: TenantId(tenant), destination: DestinationId(destination) }
    }

    fn counts(submitted: u32, succeeded: u32, failed: u32) -> Tally {
        Tally { submitted, dispatched: 0, succeeded, failed }
    }

    fn watch() -> Watch<Notes> {
        Watch::new(Notes(RefCell::new(Vec::new())), Span::from_seconds(10))
    }

    #[test]
    fn windows_are_aligned_and_accounts_come_by_destination_and_tenant() {
        let mut watch = watch();
        for (second, destination, tenant, seen) in [
            (3, 1, 0, Observation::Submitted),
            (4, 0, 7, Observation::Failed),
            (9, 0, 2, Observation::Succeeded),
            (9, 0, 7, Observation::Failed),
            (10, 0, 2, Observation::Submitted),
        ] {
            watch.observe(Time::from_seconds(second), account(destination, tenant), seen);
        }
        assert_eq!(watch.next_tick(), Time::from_seconds(20));
        watch.tick(Time::from_seconds(40), &mut |_| {});
        assert_eq!(
            *watch.judge.0.borrow(),
            [
                (0, 0, 2, counts(0, 1, 0)),
                (0, 0, 7, counts(0, 0, 2)),
                (0, 1, 0, counts(1, 0, 0)),
                (1, 0, 2, counts(1, 0, 0)),
                (1, 0, 7, counts(0, 0, 0)),
                (1, 1, 0, counts(0, 0, 0)),
                (2, 0, 2, counts(0, 0, 0)),
            ]
        );
    }

    #[test]
    fn sleepers_cost_nothing_and_the_end_of_time_is_reached() {
        let mut watch = watch();
        watch.tick(Time::from_seconds(1_000_000_000), &mut |_| {});
        assert_eq!(watch.next_tick(), Time::from_seconds(1_000_000_010));
        watch.observe(Time::from_seconds(1_000_000_001), account(0, 0), Observation::Submitted);
        watch.tick(Time::NEVER, &mut |_| {});
        assert_eq!(watch.next_tick(), Time::NEVER);
        assert_eq!(watch.judge.0.borrow().len(), 2, "one busy window and one awake in silence");
    }
}
