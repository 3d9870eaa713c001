//! The discrete-event engine: virtual clock, calendar, random streams, samplers. It knows nothing of
//! messages.
//!
//! **Order.** Simultaneous events run in the order of their [`Key`]: rank of the kind, number of the
//! entity, ordinal of that entity's event. The order of insertion never counts, so another calendar or
//! one more entity changes nobody else's order. A handler may schedule an event for its own time only
//! at a higher key than its own; the engine checks it.

mod calendar;
mod chacha;
mod heap;
mod ladder;
mod sampler;
mod stream;

pub use calendar::{Calendar, Entry, Key};
pub use heap::HeapCalendar;
pub use ladder::LadderCalendar;
pub use sampler::{
    Categorical, Draws, Empirical, Zipf, bernoulli, exponential, gamma, geometric, index_below,
    log_gamma, lognormal, pareto, standard_normal, uniform_open, uniform_u64, weibull,
};
pub use stream::{Luck, Seed, Stream, StreamName};

use crate::event::Flow;
use crate::time::Time;

/// What the engine drives.
pub trait Model {
    /// What an event carries.
    type Payload: Copy;

    /// Lets an event happen; further events are scheduled through `agenda`.
    fn handle<C: Calendar<Self::Payload>>(
        &mut self,
        now: Time,
        key: Key,
        payload: Self::Payload,
        agenda: &mut Agenda<'_, C>,
    ) -> Flow;

    /// Called when all events of an instant have happened, before time moves on. What it schedules for
    /// the same instant happens after, and it is called again then.
    fn settle<C: Calendar<Self::Payload>>(
        &mut self,
        now: Time,
        agenda: &mut Agenda<'_, C>,
    ) -> Flow {
        let _ = (now, agenda);
        Flow::Continue
    }
}

/// Where a handler schedules what follows.
pub struct Agenda<'a, C> {
    calendar: &'a mut C,
    now: Time,
    key: Option<Key>,
    /// The least order, of time and key, that may be scheduled.
    least: u128,
}

impl<'a, C> Agenda<'a, C> {
    /// An agenda from before the first event, for scheduling that.
    pub fn before_start(calendar: &'a mut C) -> Self {
        Self::between(calendar, Time::ZERO)
    }

    /// While an event is handled.
    fn during(calendar: &'a mut C, now: Time, key: Key) -> Self {
        let least = calendar::order(now, key) + 1;
        Agenda { calendar, now, key: Some(key), least }
    }

    /// Between two instants.
    fn between(calendar: &'a mut C, now: Time) -> Self {
        Agenda { calendar, now, key: None, least: calendar::order(now, Key::FIRST) }
    }

    /// Schedules an event.
    ///
    /// # Panics
    /// When it lies in the past, or at the present time but not after the event at hand: the order of
    /// simultaneous events would then depend on who scheduled whom.
    pub fn schedule<P: Copy>(&mut self, time: Time, key: Key, payload: P)
    where
        C: Calendar<P>,
    {
        if calendar::order(time, key) < self.least {
            self.refuse(time, key);
        }
        self.calendar.push(Entry { time, key, payload });
    }

    #[cold]
    fn refuse(&self, time: Time, key: Key) -> ! {
        panic!("{key:?} at {time} s is not after {:?} at {} s", self.key, self.now)
    }
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Virtual time of the last event handled.
    pub time: Time,
    /// Events handled.
    pub events: u64,
    /// Whether the model asked to stop before the calendar was empty.
    pub flow: Flow,
}

/// Runs until the calendar is empty, the model asks to stop, or the next event lies after `horizon`.
pub fn run<M: Model, C: Calendar<M::Payload>>(
    model: &mut M,
    calendar: &mut C,
    horizon: Time,
) -> Ended {
    let (mut time, mut events) = (Time::ZERO, 0);
    while let Some(entry) = calendar.pop() {
        if entry.time > horizon {
            break;
        }
        time = entry.time;
        events += 1;
        let mut agenda = Agenda::during(calendar, time, entry.key);
        let mut flow = model.handle(time, entry.key, entry.payload, &mut agenda);
        if flow == Flow::Continue && calendar.next_time() != Some(time) {
            flow = model.settle(time, &mut Agenda::between(calendar, time));
        }
        if flow == Flow::Stop {
            return Ended { time, events, flow };
        }
    }
    Ended { time, events, flow: Flow::Continue }
}

#[cfg(test)]
mod tests;
