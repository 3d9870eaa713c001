//! Whether what was sent keeps the caps of tenants and senders.

use super::conformance::{Conformance, Excess};
use super::violation::Broken;
use crate::scenario::{QuotaOf, Scenario};
use crate::scheduler::{DailyCap, Happening, Message, Status};
use crate::time::Time;
use crate::units::DestinationId;

/// The caps of all tenants and senders at all destinations.
#[derive(Clone, Debug)]
pub(super) struct Caps {
    /// Position in `caps` of a tenant's first destination, or `UNCAPPED`; the others follow.
    of_tenant: Vec<u32>,
    /// The same of senders.
    of_sender: Vec<u32>,
    caps: Vec<Checked>,
}

#[derive(Clone, Debug)]
struct Checked {
    rate: Option<Conformance>,
    day: Option<Day>,
}

/// What was sent since the last reset of a daily cap, but for what was throttled.
///
/// What was throttled is taken off the day of its answer, and not of its dispatch, so at a reset the check
/// is more lenient than the cap by what is in flight then.
#[derive(Clone, Copy, Debug)]
struct Day {
    cap: DailyCap,
    /// Number of the day; day 0 begins with the run's first reset.
    number: i64,
    sent: u64,
}

const UNCAPPED: u32 = u32::MAX;
const DAY: i64 = 86_400_000_000_000;

impl Day {
    fn turn(&mut self, now: Time) {
        let since = i128::from(now.as_nanoseconds()) - i128::from(self.cap.resets.as_nanoseconds());
        let number = since.div_euclid(i128::from(DAY)) as i64;
        if number != self.number {
            (self.number, self.sent) = (number, 0);
        }
    }
}

impl Caps {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut caps = Vec::new();
        let mut place = |rate, daily: Option<DailyCap>| {
            if Option::is_none(&rate) && daily.is_none() {
                return UNCAPPED;
            }
            let first = caps.len() as u32;
            let day = daily.map(|cap| Day { cap, number: i64::MIN, sent: 0 });
            caps.extend(scenario.destinations.iter().map(|destination| {
                let parts = destination.dispatchers.enforcing(QuotaOf::Sender);
                Checked { rate: rate.map(|rate| Conformance::shared(rate, parts)), day }
            }));
            first
        };
        let of_tenant = scenario.tenants.iter().map(|it| place(it.cap, it.daily_cap)).collect();
        let of_sender = scenario.senders.iter().map(|it| place(it.cap, it.daily_cap)).collect();
        Caps { of_tenant, of_sender, caps }
    }

    /// A message was dispatched.
    pub(super) fn sent(
        &mut self,
        now: Time,
        destination: DestinationId,
        message: &Message,
        scenario_names: (&[String], &[String]),
    ) -> Result<(), Broken> {
        let (tenants, senders) = scenario_names;
        let parties = [
            (self.of_tenant[message.tenant.index()], &tenants[message.tenant.index()]),
            (self.of_sender[message.sender.index()], &senders[message.sender.index()]),
        ];
        for (is_sender, (first, name)) in [false, true].into_iter().zip(parties) {
            if first == UNCAPPED {
                continue;
            }
            let cap = &mut self.caps[first as usize + destination.index()];
            let broken = |excess| match is_sender {
                true => Broken::OverSenderCap(name.as_str().into(), excess),
                false => Broken::OverTenantCap(name.as_str().into(), excess),
            };
            if let Some(rate) = &mut cap.rate {
                rate.sent(now, message.segments.0).map_err(broken)?;
            }
            if let Some(day) = &mut cap.day {
                day.turn(now);
                day.sent += message.segments.get();
                if day.sent > day.cap.segments {
                    let back = now.since(Time::ZERO).as_nanoseconds();
                    let since = i128::from(day.cap.resets.as_nanoseconds())
                        + i128::from(day.number) * i128::from(DAY);
                    let since = u64::try_from(since).unwrap_or(0).min(back);
                    return Err(broken(Excess {
                        since: Time::from_nanoseconds(since),
                        sent: day.sent,
                        allowed: day.cap.segments,
                    }));
                }
            }
        }
        Ok(())
    }

    /// An attempt was answered: what was throttled does not count.
    pub(super) fn answered(
        &mut self,
        now: Time,
        destination: DestinationId,
        message: &Message,
        (why, code): (Happening, u32),
    ) {
        let refused = matches!(why, Happening::AnsweredRetry | Happening::AnsweredExhausted);
        if self.caps.is_empty() || !refused || code != Status::THROTTLED.0 {
            return;
        }
        for first in
            [self.of_tenant[message.tenant.index()], self.of_sender[message.sender.index()]]
        {
            let cap =
                (first != UNCAPPED).then(|| &mut self.caps[first as usize + destination.index()]);
            if let Some(day) = cap.and_then(|cap| cap.day.as_mut()) {
                day.turn(now);
                day.sent = day.sent.saturating_sub(message.segments.get());
            }
        }
    }
}
