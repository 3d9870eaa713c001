//! The decision log: every call of the lane with its time and outcome, and what it led to.
//!
//! A line that begins with a time is a call, `time call => outcome`; a line that begins with a dot is what
//! an observer was told meanwhile. Only calls are read back.

use std::fmt::{self, Write};

use apportion::scheduler::{
    AdaptiveRate, Attempt, Backpressure, Belief, Change, Congestion, DailyCap, Happening, Lane,
    LaneConfig, LaneObserver, Message, Next, ReceiptState, Record, RetryPolicy, Scoring,
    SessionChange, Status, Target, TenantSpec, Ticket, retry_profile,
};
use apportion::time::{Span, Time};
use apportion::units::{
    ClassId, MessageId, Quota, Rate, Segments, SenderId, SessionId, TenantId, Weight,
};

/// Something that a lane is told or asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    /// A tenant submits a message of so many segments, which stays worth sending until then.
    Submit { id: u64, tenant: u32, segments: u32, expires: Time },
    /// What now?
    Next,
    /// A session comes up with a window, or goes down.
    Session { id: u16, window: Option<u32> },
    /// The carrier answered.
    Answered { ticket: Ticket, status: Status },
    /// The carrier reports a delivery.
    Delivered { ticket: Ticket },
    /// An operator pauses or resumes a tenant.
    Pause { tenant: u32, is_paused: bool },
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Call::Submit { id, tenant, segments, expires } => {
                write!(f, "submit {id} {tenant} {segments} {}", expires.as_nanoseconds())
            }
            Call::Next => f.write_str("next"),
            Call::Session { id, window: Some(window) } => write!(f, "up {id} {window}"),
            Call::Session { id, window: None } => write!(f, "down {id}"),
            Call::Answered { ticket, status } => {
                write!(f, "answered {} {}", ticket.number(), status.0)
            }
            Call::Delivered { ticket } => write!(f, "delivered {}", ticket.number()),
            Call::Pause { tenant, is_paused: true } => write!(f, "pause {tenant}"),
            Call::Pause { tenant, is_paused: false } => write!(f, "resume {tenant}"),
        }
    }
}

impl Call {
    /// Reads back what `Display` writes.
    fn parse(text: &str) -> Option<Call> {
        let mut words = text.split(' ');
        let name = words.next()?;
        let numbers: Vec<u128> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let small = |index: usize| numbers.get(index).and_then(|n| u32::try_from(*n).ok());
        let ticket = || numbers.first().and_then(|number| Ticket::from_number(*number));
        Some(match name {
            "submit" => Call::Submit {
                id: u64::try_from(*numbers.first()?).ok()?,
                tenant: small(1)?,
                segments: small(2)?,
                expires: Time::from_nanoseconds(u64::try_from(*numbers.get(3)?).ok()?),
            },
            "next" => Call::Next,
            "up" => Call::Session { id: small(0)? as u16, window: Some(small(1)?) },
            "down" => Call::Session { id: small(0)? as u16, window: None },
            "answered" => Call::Answered { ticket: ticket()?, status: Status(small(1)?) },
            "delivered" => Call::Delivered { ticket: ticket()? },
            "pause" => Call::Pause { tenant: small(0)?, is_paused: true },
            "resume" => Call::Pause { tenant: small(0)?, is_paused: false },
            _ => return None,
        })
    }
}

/// Writes what an observer is told.
struct Told<'a>(&'a mut String);

impl LaneObserver for Told<'_> {
    fn moved(
        &mut self,
        _: Time,
        record: &Record,
        from: Option<Belief>,
        to: Belief,
        why: Happening,
        code: u32,
    ) {
        let from = from.map_or("none", Belief::name);
        let _ = writeln!(self.0, ". {} {from} {} {why:?} {code}", record.message.id.0, to.name());
    }

    fn paused(&mut self, _: Time, what: Target) {
        let _ = writeln!(self.0, ". paused {what:?}");
    }

    fn resumed(&mut self, _: Time, what: Target) {
        let _ = writeln!(self.0, ". resumed {what:?}");
    }

    fn yielded(&mut self, _: Time, permille: u32, held_until: Option<Time>) {
        let _ = writeln!(self.0, ". yielded {permille} {held_until:?}");
    }
}

/// A lane that writes down what it is told, what it decides, and what comes of it.
pub(crate) struct LoggedLane {
    lane: Lane<Scoring>,
    log: String,
}

/// The tenants of the example, by weight.
pub(crate) const WEIGHTS: [u32; 3] = [1, 2, 4];

impl LoggedLane {
    /// A lane of 400 segments a second for three tenants, the lightest of which has a daily cap.
    pub(crate) fn new() -> Self {
        let retry = retry_profile("kannel").map_or(RetryPolicy::NEVER, |profile| profile.retry);
        let adaptive = AdaptiveRate {
            decrease_permille: 700,
            increase_permille: 50,
            interval: Span::from_milliseconds(50),
            floor_permille: 100,
            congested_at: Congestion::NEARING,
        };
        let rate = Rate::per_second(400).expect("a valid rate");
        let config = LaneConfig {
            quota: Some(Quota { rate, burst: 20 }),
            admission: Some(Span::from_seconds(1)),
            retry,
            backpressure: Backpressure { adaptive: Some(adaptive), ..Backpressure::default() },
            response_timeout: Span::from_milliseconds(100),
            receipt_timeout: Span::from_seconds(60),
            tenant_sets: Vec::new(),
            classes: vec![Weight::ONE],
            salt: 0x5a17,
        };
        let mut lane = Lane::new(config, Scoring::new());
        for (tenant, weight) in WEIGHTS.into_iter().enumerate() {
            let weight = Weight::whole(weight).expect("a valid weight");
            let spec = TenantSpec { set: None, weight };
            lane.attach(TenantId(tenant as u32), spec).expect("a fresh tenant");
        }
        let cap = DailyCap { segments: 200, resets: Time::from_seconds(3600) };
        let change = Change::TenantDailyCap(TenantId(0), Some(cap));
        lane.reconfigure(Time::ZERO, change).expect("an attached tenant");
        LoggedLane { lane, log: String::new() }
    }

    /// Makes a call, writes it down, and returns what is to be sent, or until when there is nothing.
    pub(crate) fn call(&mut self, now: Time, call: Call) -> Result<Attempt, Time> {
        let place = self.log.len();
        let told = &mut Told(&mut self.log);
        let mut decision = Err(Time::NEVER);
        let outcome = match call {
            Call::Submit { id, tenant, segments, expires } => {
                let message = Message {
                    id: MessageId(id),
                    key: id,
                    reference: id,
                    tenant: TenantId(tenant),
                    sender: SenderId(tenant),
                    class: ClassId(0),
                    segments: Segments(segments),
                    expires,
                };
                format!("{:?}", self.lane.submit(now, message, told))
            }
            Call::Next => {
                let next = self.lane.next(now, &mut || 0, told);
                let wake = self.lane.wake().unwrap_or(Time::NEVER);
                decision = match next {
                    Next::Send(attempt) => Ok(attempt),
                    Next::NotUntil(time) => Err(time.min(wake)),
                    Next::NoSession | Next::Idle => Err(wake),
                };
                format!("{next:?}")
            }
            Call::Session { id, window } => {
                let change =
                    window.map_or(SessionChange::Down, |window| SessionChange::Up { window });
                self.lane.session(now, SessionId(id), change, told);
                String::new()
            }
            Call::Answered { ticket, status } => {
                format!("{:?}", self.lane.answered(now, ticket, status, told))
            }
            Call::Delivered { ticket } => {
                format!("{:?}", self.lane.receipt(now, ticket, ReceiptState::Delivered, told))
            }
            Call::Pause { tenant, is_paused } => {
                let what = Target::Tenant(TenantId(tenant));
                format!(
                    "{}",
                    match is_paused {
                        true => self.lane.pause(now, what, told),
                        false => self.lane.resume(now, what, told),
                    }
                )
            }
        };
        let line = format!("{} {call} => {outcome}\n", now.as_nanoseconds());
        self.log.insert_str(place, &line);
        decision
    }

    /// The log so far.
    pub(crate) fn into_log(self) -> String {
        self.log
    }
}

/// Makes the calls of a log again, each at its time, and returns the log of that.
///
/// # Errors
/// With a line that begins with a time and is no call.
pub(crate) fn replay(log: &str) -> Result<String, String> {
    let mut lane = LoggedLane::new();
    for line in log.lines().filter(|line| !line.starts_with('.')) {
        let parsed = line.split_once(' ').and_then(|(time, rest)| {
            let call = rest.split_once(" => ").map_or(rest, |(call, _)| call);
            Some((Time::from_nanoseconds(time.parse().ok()?), Call::parse(call)?))
        });
        let (now, call) = parsed.ok_or_else(|| line.to_owned())?;
        let _ = lane.call(now, call);
    }
    Ok(lane.into_log())
}
