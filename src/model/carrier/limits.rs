//! The carrier's own limits: in all, on each session, on senders, and on each recipient.

use std::collections::BTreeMap;

use crate::engine::index_below;
use crate::scenario::{DailyLimit, Gateway, LimitPer, RecipientQueue, Scenario, SenderLimit};
use crate::scheduler::{Attempt, Pacer, Status};
use crate::time::{Span, Time};
use crate::units::{Quota, SessionId, mix};

/// Everything that throttles.
pub(super) struct Limits {
    all: Option<Pacer>,
    /// By session; empty where none has a limit.
    sessions: Vec<Option<Pacer>>,
    senders: Vec<OnSenders>,
    /// By sender: the rules that it falls under, by position; empty where there are none.
    rules_of: Vec<Vec<u16>>,
}

/// A limit on senders, with what it has counted so far by sender, tenant or in all.
struct OnSenders {
    rule: SenderLimit,
    pacers: BTreeMap<u32, Pacer>,
    /// Segments of the day, and which day that was.
    days: BTreeMap<u32, (u64, u64)>,
}

impl Limits {
    pub(super) fn new(gateway: &Gateway, scenario: &Scenario) -> Self {
        let of_session = |session| gateway.limit_of(SessionId(session)).map(Pacer::new);
        let sessions: Vec<Option<Pacer>> = (0..gateway.sessions).map(of_session).collect();
        let is_limited = sessions.iter().any(Option::is_some);
        let rules = &gateway.sender_limits;
        let concerns = |rule: &SenderLimit, sender: &crate::scenario::Sender| {
            rule.sender_class.is_none() || rule.sender_class == sender.class
        };
        let rules_of = |sender: &crate::scenario::Sender| {
            let own = rules.iter().enumerate().filter(|(_, rule)| concerns(rule, sender));
            own.map(|(position, _)| position as u16).collect()
        };
        Limits {
            all: gateway.limit.map(Pacer::new),
            sessions: if is_limited { sessions } else { Vec::new() },
            senders: rules.iter().cloned().map(OnSenders::new).collect(),
            rules_of: if rules.is_empty() {
                Vec::new()
            } else {
                scenario.senders.iter().map(rules_of).collect()
            },
        }
    }

    /// Whether an attempt is let through, and what it is refused with; what is let through is charged.
    pub(super) fn refuse(&mut self, now: Time, attempt: &Attempt) -> Option<Status> {
        let segments = attempt.message.segments;
        let own = self.sessions.get_mut(attempt.session.index()).and_then(Option::as_mut);
        let conforms = self.all.iter().chain(own.as_deref()).all(|pacer| pacer.conforms(now));
        if !conforms {
            return Some(Status::THROTTLED);
        }
        let rules = self.rules_of.get(attempt.message.sender.index());
        for rule in rules.into_iter().flatten() {
            if let Some(status) = self.senders[usize::from(*rule)].refuse(now, attempt) {
                return Some(status);
            }
        }
        self.all.iter_mut().chain(own).for_each(|pacer| pacer.charge(now, segments));
        for rule in rules.into_iter().flatten() {
            self.senders[usize::from(*rule)].charge(now, attempt);
        }
        None
    }
}

impl OnSenders {
    fn new(rule: SenderLimit) -> Self {
        OnSenders { rule, pacers: BTreeMap::new(), days: BTreeMap::new() }
    }

    fn key(&self, attempt: &Attempt) -> u32 {
        match self.rule.per {
            LimitPer::Sender => attempt.message.sender.0,
            LimitPer::Tenant => attempt.message.tenant.0,
            LimitPer::Class => 0,
        }
    }

    fn refuse(&mut self, now: Time, attempt: &Attempt) -> Option<Status> {
        let key = self.key(attempt);
        if let Some(quota) = self.rule.limit
            && !pacer_of(&mut self.pacers, key, quota).conforms(now)
        {
            return Some(Status::THROTTLED);
        }
        let daily = self.rule.daily?;
        let (day, sent) = self.days.get(&key).copied().unwrap_or_default();
        let is_over = day == day_of(daily, now) && sent >= daily.segments;
        is_over.then_some(daily.status)
    }

    fn charge(&mut self, now: Time, attempt: &Attempt) {
        let (key, segments) = (self.key(attempt), attempt.message.segments);
        if let Some(quota) = self.rule.limit {
            pacer_of(&mut self.pacers, key, quota).charge(now, segments);
        }
        if let Some(daily) = self.rule.daily {
            let today = day_of(daily, now);
            let (day, sent) = self.days.entry(key).or_default();
            if *day != today {
                (*day, *sent) = (today, 0);
            }
            *sent += segments.get();
        }
    }
}

fn pacer_of(pacers: &mut BTreeMap<u32, Pacer>, key: u32, quota: Quota) -> &mut Pacer {
    pacers.entry(key).or_insert_with(|| Pacer::new(quota))
}

/// Which day of the run it is by a limit's resets: 0 before the first.
fn day_of(daily: DailyLimit, now: Time) -> u64 {
    const DAY: Span = Span::from_seconds(86_400);
    if now < daily.first_reset {
        return 0;
    }
    1 + now.since(daily.first_reset).as_nanoseconds() / DAY.as_nanoseconds()
}

/// Undelivered messages by recipient.
pub(super) struct Recipients {
    rule: RecipientQueue,
    held: BTreeMap<u64, u32>,
    /// By copy.
    of_copy: Vec<u64>,
}

impl Recipients {
    pub(super) fn new(rule: RecipientQueue) -> Self {
        Recipients { rule, held: BTreeMap::new(), of_copy: Vec::new() }
    }

    /// The recipient of a message: of all its attempts the same.
    fn recipient(&self, key: u64) -> u64 {
        index_below(mix(key ^ RECIPIENT), self.rule.recipients)
    }

    /// Whether the carrier keeps no more for the recipient of this message.
    pub(super) fn is_full(&self, key: u64) -> bool {
        self.held.get(&self.recipient(key)).is_some_and(|held| *held >= self.rule.most)
    }

    /// A copy was taken.
    pub(super) fn hold(&mut self, copy: u32, key: u64) {
        let recipient = self.recipient(key);
        *self.held.entry(recipient).or_default() += 1;
        let copy = copy as usize;
        if self.of_copy.len() <= copy {
            self.of_copy.resize(copy + 1, 0);
        }
        self.of_copy[copy] = recipient;
    }

    /// Its fate is fulfilled.
    pub(super) fn release(&mut self, copy: u32) {
        let recipient = self.of_copy[copy as usize];
        if let Some(held) = self.held.get_mut(&recipient) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&recipient);
            }
        }
    }
}

/// Keeps who receives a message apart from everything else that its key decides.
const RECIPIENT: u64 = 0x7265_6369_7069_656e;
