//! What a carrier is like, key by key, after its profile and the scenario's own keys.

use crate::report::{figure, percent, time};
use crate::scenario::{
    Gateway, Latency, LimitPer, Probability, ReceiptIds, Reconnect, SenderLimit,
};
use crate::scheduler::WindowUnit;
use crate::time::Span;
use crate::units::{Quota, SessionId};

/// The resolved values of a gateway: key and value, for people and programs. What is off is left out.
pub(super) fn resolved(gateway: &Gateway) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut say = |key, value: Option<String>| found.extend(value.map(|value| (key, value)));
    say("profile", gateway.profile.map(str::to_owned));
    say("sessions", Some(gateway.sessions.to_string()));
    let windows: Vec<String> =
        sessions(gateway).map(|id| gateway.window_of(id).to_string()).collect();
    say("window", Some(in_runs(&windows)));
    let counts = gateway.window_counts == WindowUnit::Segments;
    say("window-counts", counts.then(|| "segments".to_owned()));
    let limits: Vec<String> = sessions(gateway)
        .map(|id| gateway.limit_of(id).map_or_else(|| "unlimited".to_owned(), quota))
        .collect();
    let limited = sessions(gateway).any(|id| gateway.limit_of(id).is_some());
    say("session-limit", limited.then(|| in_runs(&limits)));
    say("limit", gateway.limit.map(quota));
    for rule in &gateway.sender_limits {
        say("sender-limit", Some(sender_limit(rule)));
    }
    say(
        "capacity",
        gateway.capacity.map(|capacity| {
            let rate = figure(capacity.rate.per_second_f64());
            format!("{rate}/s, queue {}", capacity.queue)
        }),
    );
    say("congestion-state", gateway.tells_congestion.then(|| "told in responses".to_owned()));
    say(
        "recipient-queue",
        gateway
            .recipient_queue
            .map(|rule| format!("{} of {} recipients", rule.most, rule.recipients)),
    );
    say("response", Some(latency(&gateway.response)));
    say("delivery", Some(latency(&gateway.delivery)));
    say("receipt", Some(latency(&gateway.receipt)));
    say(
        "absent",
        gateway.absent.as_ref().map(|absent| {
            let step = |step: &crate::scenario::RetryStep| {
                let every = span(step.every);
                if step.until == Span::MAX {
                    format!("every {every}")
                } else {
                    format!("every {every} to {}", span(step.until))
                }
            };
            let tries: Vec<String> = absent.retry.iter().map(step).collect();
            format!(
                "{}, for {}; tried {}; given up after {}",
                probability(absent.probability),
                latency(&absent.away),
                tries.join(", "),
                span(absent.validity)
            )
        }),
    );
    for (status, often) in &gateway.refusals {
        say("refusals", Some(format!("{status} {}", probability(*often))));
    }
    for (key, often) in [
        ("undeliverable", gateway.undeliverable),
        ("lost", gateway.lost),
        ("receipt-lost", gateway.receipt_lost),
        ("receipt-duplicated", gateway.receipt_duplicated),
    ] {
        say(key, (often != Probability::NEVER).then(|| probability(often)));
    }
    say(
        "receipt-late",
        gateway
            .receipt_late
            .as_ref()
            .map(|(often, by)| format!("{} by {}", probability(*often), latency(by))),
    );
    say("receipt-resolution", gateway.receipt_resolution.map(span));
    say(
        "receipt-ids",
        match gateway.receipt_ids {
            ReceiptIds::Same => None,
            ReceiptIds::DecimalForHexadecimal => Some("decimal for hexadecimal".to_owned()),
            ReceiptIds::HexadecimalForDecimal => Some("hexadecimal for decimal".to_owned()),
            ReceiptIds::ZeroPadded(digits) => Some(format!("padded to {digits} digits")),
        },
    );
    say(
        "reconnect",
        Some(match gateway.reconnect {
            Reconnect::WhenPossible(wait) => format!("{} after it can", span(wait)),
            Reconnect::Backoff(rule) => format!(
                "tried after {}, times {}, at most {}",
                span(rule.first_wait),
                f64::from(rule.growth_permille) / 1000.0,
                span(rule.longest_wait)
            ),
        }),
    );
    say(
        "enquire-link",
        gateway
            .enquire_link
            .map(|ask| format!("every {}, dead after {}", span(ask.every), span(ask.timeout))),
    );
    found
}

fn sessions(gateway: &Gateway) -> impl Iterator<Item = SessionId> {
    (0..gateway.sessions).map(SessionId)
}

/// Equal neighbours together: `3 × 10, 1 × 5`.
fn in_runs(values: &[String]) -> String {
    if values.iter().all(|value| Some(value) == values.first()) {
        return values.first().cloned().unwrap_or_default();
    }
    let runs = values.chunk_by(|a, b| a == b).map(|run| format!("{} × {}", run.len(), run[0]));
    runs.collect::<Vec<_>>().join(", ")
}

fn sender_limit(rule: &SenderLimit) -> String {
    let whose = rule.sender_class.as_deref().unwrap_or("all senders");
    let per = match rule.per {
        LimitPer::Sender => "sender",
        LimitPer::Tenant => "tenant",
        LimitPer::Class => "class",
    };
    let limit = rule.limit.map(quota);
    let daily = rule.daily.map(|daily| format!("{} a day", daily.segments));
    let both: Vec<String> = limit.into_iter().chain(daily).collect();
    format!("{whose}: {} by {per}", both.join(", "))
}

fn quota(quota: Quota) -> String {
    let rate = figure(quota.rate.per_second_f64());
    if quota.burst == 1 { format!("{rate}/s") } else { format!("{rate}/s, burst {}", quota.burst) }
}

fn latency(latency: &Latency) -> String {
    match latency {
        Latency::Constant(exactly) => span(*exactly),
        Latency::Uniform { from, to } => format!("{} to {}", span(*from), span(*to)),
        Latency::Exponential { mean } => format!("exponential, mean {}", span(*mean)),
        Latency::Lognormal { median, sigma } => {
            format!("lognormal, median {}, sigma {sigma}", span(*median))
        }
    }
}

fn span(span: Span) -> String {
    time(span.as_seconds_f64())
}

fn probability(probability: Probability) -> String {
    percent(probability.as_f64())
}
