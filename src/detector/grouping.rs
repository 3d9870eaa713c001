//! One incident of a carrier is one alert, not one for each of its tenants.
//!
//! Whether a destination is in trouble as a whole is asked in every window, by counting accounts: how
//! many are under suspicion, against how many would be by chance. That needs no account to be sure by
//! itself, so a hundred tenants that fail one message each are found out in the window in which it
//! happens.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{
    Account, AlertChange, AlertEvent, AlertKind, AlertScope, Cause, ErrorClass, Explanation,
    Scores, Severity,
};
use crate::time::{Span, Time};
use crate::units::{DestinationId, TenantId};

/// Accounts in trouble before anything is the destination's.
const TROUBLED_MIN: u32 = 5;
/// The share of accounts that are under suspicion by chance, at the very most.
const BY_CHANCE: f64 = 0.05;
/// Powers of ten of evidence, by a binomial tail, from which it is not chance.
const EVIDENCE: f64 = 7.0;
/// Windows in a row without it that end a group of which nobody is left.
const CALM_WINDOWS: u8 = 3;

/// Destinations of which many accounts are in trouble at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    groups: BTreeMap<Key, Group>,
    /// In the window that is being judged.
    window: BTreeMap<Key, Census>,
}

type Key = (DestinationId, AlertKind);

/// What one account adds to the trouble of its destination.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trouble {
    pub(super) tenant: TenantId,
    /// Start of the first abnormal window.
    pub(super) since: Time,
    /// Harmed share.
    pub(super) share: f64,
    pub(super) expected: f64,
    pub(super) seen: f64,
    /// Failures by class of status.
    pub(super) classes: [u16; ErrorClass::ALL.len()],
}

/// Messages harmed, of how many. Whoever sends little has a share of nothing or of all by chance, and is
/// heard of when it is all: so shares are not averaged, messages are added up.
#[derive(Clone, Copy, Debug, Default)]
struct Harmed {
    messages: f64,
    of: f64,
}

impl Harmed {
    /// Adds an account of whose traffic this share was harmed.
    fn add(&mut self, share: f64, expected: f64, seen: f64) {
        if share > 0.0 {
            let messages = (seen - expected).abs();
            self.messages += messages;
            self.of += messages / share;
        }
    }

    fn share(&self) -> Option<f64> {
        (self.of > 0.0).then(|| self.messages / self.of)
    }
}

#[derive(Clone, Debug)]
struct Group {
    raised: AlertEvent,
    members: Vec<(TenantId, AlertKind)>,
    /// What was harmed of the members that are over it.
    over: Harmed,
    calm: u8,
    /// When the last window ended in which the destination was in trouble as a whole.
    troubled_until: Time,
    /// Since it was cleared nothing new is told before this.
    quiet_until: Option<Time>,
}

/// What the window says of an account of which a message or two is all that is heard at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whisper {
    /// Whether all of it failed.
    pub(super) failed: bool,
    /// How probable that is when nothing is wrong, at the most.
    pub(super) by_chance: f64,
}

/// Accounts of a destination in one window.
#[derive(Clone, Copy, Debug, Default)]
struct Census {
    accounts: u32,
    troubled: u32,
    /// Those that whisper, how many of them failed, and how many would by chance.
    whispers: u32,
    failed: u32,
    by_chance: f64,
    /// Whose trouble the sums below hold.
    named: u32,
    first: Option<Trouble>,
    since: Time,
    harmed: Harmed,
    expected: f64,
    seen: f64,
    classes: [f64; ErrorClass::ALL.len()],
}

impl Census {
    /// Powers of ten by which it is improbable that so many are under suspicion by chance; 0 while they
    /// are too few for anything.
    fn evidence(&self) -> f64 {
        let by_chance = self.by_chance / f64::from(self.whispers.max(1));
        improbability(self.accounts, self.troubled, BY_CHANCE).max(improbability(
            self.whispers,
            self.failed,
            by_chance,
        ))
    }

    /// What the troubled have in common: of failures, the class of status that most of them have.
    fn cause(&self, kind: AlertKind) -> Cause {
        match kind {
            AlertKind::VolumeUp => return Cause::FlashCrowd,
            AlertKind::VolumeDown => return Cause::TrafficStopped,
            AlertKind::Delay => return Cause::ReceiptDelay,
            AlertKind::Failure => {}
        }
        let count = |class: ErrorClass| self.classes[class as usize];
        let all: f64 = self.classes.iter().sum();
        // Nobody's list and nobody's text is everybody's: unless the carrier says that it is too much
        // or that it takes it for spam, it is the carrier that fails.
        if 2.0 * count(ErrorClass::Throttled) > all {
            Cause::Throttling
        } else if 2.0 * count(ErrorClass::Filtered) > all {
            Cause::Filtering
        } else {
            Cause::CarrierOutage
        }
    }

    fn alert(&self, (destination, kind): Key) -> Option<AlertEvent> {
        let first = self.first?;
        let harmed = self.harmed.share().unwrap_or(0.0);
        let severity = match kind {
            // Everybody is busier and nothing has failed: for the record.
            AlertKind::VolumeUp => Severity::None,
            _ => Severity::of_share(harmed).max(Severity::Low),
        };
        let scores = match kind {
            AlertKind::Failure | AlertKind::Delay => {
                Scores { failure: harmed, impact: harmed, ..Scores::default() }
            }
            _ => Scores { fluctuation: harmed, impact: harmed, ..Scores::default() },
        };
        Some(AlertEvent {
            account: Account { tenant: first.tenant, destination },
            kind,
            severity,
            change: AlertChange::Raised,
            scores,
            since: self.since,
            explanation: Explanation {
                evidence: self.evidence(),
                harmed,
                expected: self.expected,
                seen: self.seen,
                cause: self.cause(kind),
                scope: AlertScope::Destination { accounts: self.named },
            },
        })
    }
}

/// Powers of ten by which it is improbable that so many of so many have what each has by chance with this
/// probability: Chernoff's bound Pr(Bin(n, q) ≥ k) ≤ exp(−n·KL(k/n ‖ q)). It holds for accounts of
/// different probabilities with their mean (Hoeffding 1963, theorem 1). 0 while they are too few for
/// anything.
fn improbability(of: u32, troubled: u32, by_chance: f64) -> f64 {
    let (n, k) = (f64::from(of), f64::from(troubled));
    if troubled < TROUBLED_MIN || k <= by_chance * n {
        return 0.0;
    }
    let part = |p: f64, q: f64| if p > 0.0 { p * libm::log(p / q) } else { 0.0 };
    let p = k / n;
    n * (part(p, by_chance) + part(1.0 - p, 1.0 - by_chance)) / core::f64::consts::LN_10
}

impl Groups {
    /// Takes note of an account that can be judged in the window at hand: whether it is under suspicion,
    /// what it whispers, and its trouble if there is any of either kind.
    pub(super) fn count(
        &mut self,
        key: Key,
        is_suspicious: bool,
        whisper: Option<Whisper>,
        trouble: Option<Trouble>,
    ) {
        let census = self.window.entry(key).or_default();
        census.accounts += 1;
        census.troubled += u32::from(is_suspicious);
        if let Some(whisper) = whisper {
            census.whispers += 1;
            census.failed += u32::from(whisper.failed);
            census.by_chance += whisper.by_chance;
        }
        let Some(trouble) = trouble else { return };
        if census.named == 0 {
            census.first = Some(trouble);
            census.since = trouble.since;
        }
        census.named += 1;
        census.since = census.since.min(trouble.since);
        census.harmed.add(trouble.share, trouble.expected, trouble.seen);
        census.expected += trouble.expected;
        census.seen += trouble.seen;
        let of_account: f64 = trouble.classes.iter().map(|count| f64::from(*count)).sum();
        for (sum, count) in census.classes.iter_mut().zip(trouble.classes) {
            // Every account has one vote, however much it sends.
            *sum += f64::from(count) / of_account.max(1.0);
        }
    }

    /// Replaces what was found of many accounts of one destination by one alert, when all accounts of
    /// the window that ended at `end` have been judged.
    pub(super) fn settle(&mut self, end: Time, quiet: Span, found: &mut Vec<AlertEvent>) {
        let mut told: Vec<AlertEvent> = Vec::new();
        let window = core::mem::take(&mut self.window);
        for (key, census) in &window {
            if census.evidence() >= EVIDENCE {
                self.goes_on(*key, census, end, &mut told);
            }
        }
        found.retain(|event| !self.takes(event));
        self.groups.retain(|key, group| {
            if let Some(until) = group.quiet_until {
                return end < until;
            }
            let in_trouble = window.get(key).is_some_and(|one| one.evidence() >= EVIDENCE);
            group.calm = if in_trouble || !group.members.is_empty() { 0 } else { group.calm + 1 };
            if group.calm >= CALM_WINDOWS {
                told.push(group.end());
                group.quiet_until = Some(end.saturating_add(quiet));
            }
            true
        });
        found.splice(0..0, told);
    }

    /// A destination is in trouble as a whole: tells it, unless it was told.
    fn goes_on(&mut self, key: Key, census: &Census, end: Time, told: &mut Vec<AlertEvent>) {
        if let Some(group) = self.groups.get_mut(&key)
            && group.quiet_until.is_none_or(|until| end < until)
        {
            group.troubled_until = end;
            return;
        }
        let Some(raised) = census.alert(key) else { return };
        // Receipts that stay out when nothing gets through are not news.
        let failures = (key.0, AlertKind::Failure);
        if key.1 == AlertKind::Delay && self.groups.contains_key(&failures) {
            return;
        }
        told.push(raised);
        let group = Group {
            raised,
            members: Vec::new(),
            over: Harmed::default(),
            calm: 0,
            troubled_until: end,
            quiet_until: None,
        };
        self.groups.insert(key, group);
    }

    /// Whether a change of one account is part of a group's story: what began there while the destination
    /// was in trouble is, however late it is found out.
    fn takes(&mut self, event: &AlertEvent) -> bool {
        let (destination, tenant) = (event.account.destination, event.account.tenant);
        let member = (tenant, event.kind);
        let own = (destination, event.kind);
        let keys = match event.kind {
            AlertKind::Delay => [(destination, AlertKind::Failure), own],
            _ => [own, own],
        };
        for key in keys {
            let Some(group) = self.groups.get_mut(&key) else { continue };
            match event.change {
                AlertChange::Raised => {
                    if event.since < group.troubled_until {
                        group.members.push(member);
                        return true;
                    }
                }
                AlertChange::Cleared => {
                    if let Some(at) = group.members.iter().position(|one| *one == member) {
                        group.members.swap_remove(at);
                        let Explanation { harmed, expected, seen, .. } = event.explanation;
                        group.over.add(harmed, expected, seen);
                        return true;
                    }
                }
            }
        }
        false
    }
}

impl Group {
    /// The end of all: what was harmed of the members, where there were any.
    fn end(&self) -> AlertEvent {
        let mut event = AlertEvent { change: AlertChange::Cleared, ..self.raised };
        event.explanation.harmed = self.over.share().unwrap_or(event.explanation.harmed);
        if event.severity != Severity::None {
            event.severity = Severity::of_share(event.explanation.harmed).max(Severity::Low);
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(accounts: u32, troubled: u32) -> Census {
        Census { accounts, troubled, ..Census::default() }
    }

    #[test]
    fn few_accounts_or_a_few_percent_of_many_are_chance() {
        for (accounts, troubled) in [(4, 4), (20, 5), (1_000, 60), (100, 12), (0, 0)] {
            assert!(census(accounts, troubled).evidence() < EVIDENCE, "{troubled} of {accounts}");
        }
        for (accounts, troubled) in [(6, 6), (20, 12), (1_000, 120), (100, 30)] {
            assert!(census(accounts, troubled).evidence() >= EVIDENCE, "{troubled} of {accounts}");
        }
    }
}
