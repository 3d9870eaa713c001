//! Which destination of a failover takes what is submitted.

use std::collections::VecDeque;

use crate::scenario::{Failover, FailureTrigger};
use crate::scheduler::Happening;
use crate::time::Time;
use crate::units::DestinationId;

/// All failovers of a scenario at work. Empty, and free, where there are none.
pub(super) struct Failovers<'a> {
    all: Vec<State<'a>>,
}

struct State<'a> {
    rule: &'a Failover,
    is_on_secondary: bool,
    /// When it switched last.
    since: Option<Time>,
    /// Since when no session of the primary is up.
    unreachable_since: Option<Time>,
    /// Outcomes of attempts at the primary, as far back as they count: when, and whether it failed.
    outcomes: VecDeque<(Time, bool)>,
    failed: usize,
    /// Whether they were too bad in this instant.
    is_triggered: bool,
}

impl<'a> Failovers<'a> {
    pub(super) fn new(all: &'a [Failover]) -> Self {
        let state = |rule| State {
            rule,
            is_on_secondary: false,
            since: None,
            // Sessions come up at the start.
            unreachable_since: Some(Time::ZERO),
            outcomes: VecDeque::new(),
            failed: 0,
            is_triggered: false,
        };
        Failovers { all: all.iter().map(state).collect() }
    }

    /// Where a message goes that is for a destination.
    pub(super) fn destination(&self, wanted: DestinationId) -> DestinationId {
        let group = self.all.iter().find(|state| state.rule.primary == wanted);
        match group {
            Some(state) if state.is_on_secondary => state.rule.secondary,
            _ => wanted,
        }
    }

    /// Something happened to a message at a destination.
    pub(super) fn happened(&mut self, now: Time, at: DestinationId, why: Happening) {
        if self.all.is_empty() {
            return;
        }
        let failed = match why {
            Happening::AnsweredAccepted | Happening::AnsweredPermanent => false,
            Happening::AnsweredRetry
            | Happening::AnsweredExhausted
            | Happening::OutcomeUnknownRetry
            | Happening::OutcomeUnknownGiveUp => true,
            _ => return,
        };
        for state in self.all.iter_mut().filter(|state| state.rule.primary == at) {
            if let Some(trigger) = state.rule.failures {
                state.count(now, trigger, failed);
            }
        }
    }

    /// A destination came within reach, or went out of it. Returns the failover of which it is the
    /// primary, and when to ask it.
    pub(super) fn reached(
        &mut self,
        now: Time,
        at: DestinationId,
        is_reachable: bool,
    ) -> Option<(usize, Time)> {
        let index = self.all.iter().position(|state| state.rule.primary == at)?;
        let state = &mut self.all[index];
        if is_reachable {
            state.unreachable_since = None;
            return Some((index, now));
        }
        state.unreachable_since = state.unreachable_since.or(Some(now));
        Some((index, now.saturating_add(state.rule.unreachable?)))
    }

    /// Switches whatever is due; returns where messages go from now on and when to ask again.
    pub(super) fn decide(&mut self, now: Time, index: usize) -> Option<(DestinationId, Time)> {
        let state = &mut self.all[index];
        let rule = state.rule;
        let is_held = state.since.is_some_and(|since| now < since.saturating_add(rule.hold));
        let out_of_reach = |state: &State<'_>| {
            let span = rule.unreachable?;
            Some(now >= state.unreachable_since?.saturating_add(span))
        };
        let is_triggered = std::mem::take(&mut state.is_triggered);
        let switches = if is_held {
            false
        } else if state.is_on_secondary {
            state.unreachable_since.is_none()
        } else {
            is_triggered || out_of_reach(state).unwrap_or(false)
        };
        if !switches {
            return None;
        }
        state.is_on_secondary = !state.is_on_secondary;
        state.since = Some(now);
        state.outcomes.clear();
        state.failed = 0;
        let to = if state.is_on_secondary { rule.secondary } else { rule.primary };
        Some((to, now.saturating_add(rule.hold)))
    }

    /// Those whose attempts failed too often in this instant.
    pub(super) fn triggered(&self) -> Option<usize> {
        self.all.iter().position(|state| state.is_triggered)
    }

    /// Where a failover's messages are for.
    pub(super) fn primary(&self, index: usize) -> DestinationId {
        self.all[index].rule.primary
    }
}

impl State<'_> {
    fn count(&mut self, now: Time, trigger: FailureTrigger, failed: bool) {
        if self.is_on_secondary {
            // What still comes in of the primary says nothing about how it will be.
            return;
        }
        self.outcomes.push_back((now, failed));
        self.failed += usize::from(failed);
        while let Some((time, failed)) = self.outcomes.front().copied()
            && time.saturating_add(trigger.within) < now
        {
            self.outcomes.pop_front();
            self.failed -= usize::from(failed);
        }
        let all = self.outcomes.len();
        let whole = u128::from(crate::scenario::Probability::ALWAYS.billionths());
        let is_bad =
            self.failed as u128 * whole >= all as u128 * u128::from(trigger.fraction.billionths());
        self.is_triggered |= failed && all >= trigger.least as usize && is_bad;
    }
}
