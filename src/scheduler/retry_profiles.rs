//! How well-known gateways try again, as published.
//!
//! Each is told as far as a [`RetryPolicy`] and a [`Backpressure`] can tell it; where the source leaves
//! something open, or wants more attempts than a lane makes, `doc` says what was chosen.

use super::lane::Backpressure;
use super::retry::{RequeuePlace, RetryPolicy, RetryRule, StatusRules, UnknownOutcome};
use super::status::Status;
use crate::time::Span;

/// A retry policy that somebody uses.
#[derive(Clone, Copy, Debug)]
pub struct RetryProfile {
    /// The name that a scenario gives.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Where that is published.
    pub source: &'static str,
    /// What happens after each class of failure.
    pub retry: RetryPolicy,
    /// How it yields to a carrier that throttles.
    pub backpressure: Backpressure,
}

/// The profile of this name.
pub fn retry_profile(name: &str) -> Option<&'static RetryProfile> {
    RETRY_PROFILES.iter().find(|profile| profile.name == name)
}

/// So many attempts at equal distances, without jitter.
const fn every(seconds: u64, attempts: u32, place: RequeuePlace) -> RetryRule {
    let wait = Span::from_seconds(seconds);
    RetryRule {
        attempts,
        first_wait: wait,
        growth_permille: 1000,
        longest_wait: wait,
        jitter_permille: 0,
        place,
    }
}

const fn by_status<const N: usize>(rules: [(Status, RetryRule); N]) -> StatusRules {
    let mut all = RetryPolicy::NO_STATUS_RULES;
    let mut index = 0;
    while index < N {
        all[index] = Some(rules[index]);
        index += 1;
    }
    all
}

const MOST: u32 = RetryRule::MOST_ATTEMPTS;
const NOTHING: Backpressure = Backpressure { throttle_pause: None, adaptive: None, breaker: None };

/// Twenty times on a growing schedule: 19 waits from half a minute to an hour.
const NOWSMS_USUAL: RetryRule = RetryRule {
    attempts: 20,
    first_wait: Span::from_seconds(30),
    growth_permille: 1500,
    longest_wait: Span::from_seconds(3600),
    jitter_permille: 0,
    place: RequeuePlace::Tail,
};
/// For a day: 31 waits from half a minute to 75 minutes add up to 25 hours.
const NOWSMS_FOR_A_DAY: RetryRule =
    RetryRule { attempts: MOST, longest_wait: Span::from_seconds(4500), ..NOWSMS_USUAL };

/// All profiles.
pub const RETRY_PROFILES: &[RetryProfile] = &[
    RetryProfile {
        name: "jasmin",
        doc: "a system error twice more after 30 s, throttling 20 times more after 30 s, a full queue \
              twice more after 180 s, a bad schedule twice more after 300 s, all else final; no answer \
              is submitted again after 120 s (as often as a system error: the source sets no end)",
        source: "jookies/jasmin, jasmin/routing/configs and smpps defaults: submit_error_retrial, \
                 requeue_delay",
        retry: RetryPolicy {
            temporary: every(30, 3, RequeuePlace::Tail),
            throttled: every(30, 21, RequeuePlace::Tail),
            unknown: UnknownOutcome::Resubmit(every(120, 3, RequeuePlace::Tail)),
            by_status: by_status([
                (Status::QUEUE_FULL, every(180, 3, RequeuePlace::Tail)),
                (Status::INVALID_SCHEDULE, every(300, 3, RequeuePlace::Tail)),
                (Status::RECEIVER_TEMPORARY, RetryRule::NEVER),
            ]),
        },
        backpressure: NOTHING,
    },
    RetryProfile {
        name: "kannel",
        doc: "throttling stops the connection for a second and the message goes first again; other \
              temporary errors are tried again every 60 s; no answer within wait-ack is requeued at once \
              (Kannel sets no end to any of these: here 32 attempts)",
        source: "Kannel gateway, gw/smsc/smsc_smpp.c: throttling-sleep-time, wait-ack; user guide: \
                 sms-resend-freq",
        retry: RetryPolicy {
            temporary: every(60, MOST, RequeuePlace::Tail),
            throttled: every(1, MOST, RequeuePlace::Head),
            unknown: UnknownOutcome::Resubmit(every(1, MOST, RequeuePlace::Tail)),
            by_status: RetryPolicy::NO_STATUS_RULES,
        },
        backpressure: Backpressure { throttle_pause: Some(Span::from_seconds(1)), ..NOTHING },
    },
    RetryProfile {
        name: "nowsms",
        doc: "throttling and a full queue are tried again for a day, other errors 20 times on a growing \
              schedule, behind the messages that had none; bad addresses and rejected messages never \
              (the schedule itself is not published: here half again as long each time)",
        source: "https://nowsms.com/smpp-error-code-handling-in-nowsms",
        retry: RetryPolicy {
            temporary: NOWSMS_USUAL,
            throttled: NOWSMS_FOR_A_DAY,
            unknown: UnknownOutcome::Resubmit(NOWSMS_USUAL),
            by_status: by_status([
                (Status::QUEUE_FULL, NOWSMS_FOR_A_DAY),
                (Status::SUBMIT_FAILED, NOWSMS_USUAL),
                (Status::RECEIVER_PERMANENT, NOWSMS_USUAL),
            ]),
        },
        backpressure: NOTHING,
    },
    RetryProfile {
        name: "operator",
        doc: "what an operator asks of its clients: on throttling stop everything for 60 s, then the \
              message that was refused first; on a full queue try again at most five times, behind the \
              others (the waits are not told: here 60 s)",
        source: "https://mail-archive.com/users@kannel.org/msg29143.html",
        retry: RetryPolicy {
            temporary: every(60, 5, RequeuePlace::Tail),
            throttled: every(60, MOST, RequeuePlace::Head),
            unknown: UnknownOutcome::GiveUp,
            by_status: RetryPolicy::NO_STATUS_RULES,
        },
        backpressure: Backpressure { throttle_pause: Some(Span::from_seconds(60)), ..NOTHING },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn waits(name: &str, status: Status) -> Vec<u64> {
        let profile = retry_profile(name).expect("a known profile");
        let Some(rule) = profile.retry.rule(status) else { return Vec::new() };
        let waits = (1..).map_while(|made| rule.wait_after(made, 7));
        waits.map(|wait| wait.as_nanoseconds() / 1_000_000_000).collect()
    }

    #[test]
    fn the_profiles_try_again_as_published() {
        assert_eq!(waits("jasmin", Status::SYSTEM_ERROR), [30, 30]);
        assert_eq!(waits("jasmin", Status::THROTTLED), [30; 20]);
        assert_eq!(waits("jasmin", Status::QUEUE_FULL), [180, 180]);
        assert_eq!(waits("jasmin", Status::INVALID_SCHEDULE), [300, 300]);
        for status in [Status::RECEIVER_TEMPORARY, Status::SUBMIT_FAILED, Status::OK] {
            assert_eq!(waits("jasmin", status), [0; 0], "{status}");
        }
        assert_eq!(waits("kannel", Status::SYSTEM_ERROR), [60; 31]);
        let day = 24 * 3600;
        let whole: u64 = waits("nowsms", Status::THROTTLED).iter().sum();
        assert!((day..day + 7200).contains(&whole), "{whole} s");
        assert_eq!(waits("nowsms", Status::QUEUE_FULL), waits("nowsms", Status::THROTTLED));
        assert_eq!(waits("nowsms", Status::SYSTEM_ERROR).len(), 19);
        assert_eq!(waits("nowsms", Status::INVALID_RECIPIENT), [0; 0]);
        assert_eq!(waits("operator", Status::QUEUE_FULL), [60; 4]);
        assert!(retry_profile("postal").is_none());
        for profile in RETRY_PROFILES {
            assert!(profile.doc.len() > 40 && profile.source.len() > 20, "{}", profile.name);
        }
    }
}
