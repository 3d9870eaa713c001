//! The carrier refuses, loses, delivers and reports as often as the scenario says.

use apportion::scenario::{Probability, Scenario};
use apportion::scheduler::{Happening, Status};

use super::support::{checked_run, fates, fits, scenario};

fn world() -> Scenario {
    scenario(
        r#"
duration = "4000s"
[[destination]]
name = "us"
quota = "unlimited"
receipt-timeout = "10min"
[destination.gateway]
window = 100000
response = "100ms"
delivery = "1s"
receipt = "1s"
undeliverable = 0.2
lost = 0.05
receipt-lost = 0.1
refusals = [{ status = "ESME_RINVDSTADR", probability = 0.03 }, { status = "ESME_RSUBMITFAIL", probability = 0.1 }]
[[tenant]]
name = "a"
[[tenant.traffic]]
kind = "poisson"
rate = "10/s"
"#,
    )
}

/// Hits, trials and probability of everything the carrier draws.
fn draws(scenario: &Scenario) -> Vec<(&'static str, u64, u64, f64)> {
    let (events, result) = checked_run(scenario, "fifo");
    let fates = fates(scenario, &events);
    let answers = |status: Status| {
        let is_it = |answer: (_, u32)| answer.1 == status.0;
        fates.values().filter(|fate| fate.answer.is_some_and(is_it)).count() as u64
    };
    let carrier = result.outcome.carriers[0];
    let taken =
        carrier.attempts - answers(Status::INVALID_RECIPIENT) - answers(Status::SUBMIT_FAILED);
    assert_eq!(taken, answers(Status::OK));
    assert_eq!(taken, carrier.delivered + carrier.rejected + carrier.lost, "nothing is held");
    let overdue = super::support::count(&events, Happening::ReceiptOverdue);
    vec![
        ("invalid recipient", answers(Status::INVALID_RECIPIENT), carrier.attempts, 0.03),
        ("submit failed", answers(Status::SUBMIT_FAILED), carrier.attempts, 0.1),
        ("undeliverable", carrier.rejected, taken, 0.2),
        ("lost", carrier.lost, taken, 0.05),
        // A receipt can be lost only where there is one.
        ("receipt lost", overdue - carrier.lost, taken - carrier.lost, 0.1),
    ]
}

#[test]
fn everything_that_is_drawn_happens_as_often_as_it_says() {
    let draws = draws(&world());
    for (what, hits, trials, probability) in &draws {
        assert!(*trials > 30_000);
        assert!(fits(*hits, *trials, *probability), "{what}: {hits} of {trials}");
        assert!(!fits(*hits, *trials, probability * 1.25), "{what}: a quarter more is found out");
    }
}

/// The same comparison against a carrier whose probabilities are others.
#[test]
fn a_carrier_that_is_set_otherwise_is_found_out() {
    let halved = |probability: Probability| {
        Probability::from_billionths(probability.billionths() / 2).expect("a half is less")
    };
    let mut other = world();
    let gateway = &mut other.destinations[0].gateway;
    gateway.undeliverable = halved(gateway.undeliverable);
    gateway.lost = halved(gateway.lost);
    gateway.receipt_lost = halved(gateway.receipt_lost);
    for (_, probability) in &mut gateway.refusals {
        *probability = halved(*probability);
    }
    for (what, hits, trials, probability) in draws(&other) {
        assert!(!fits(hits, trials, probability), "{what}: {hits} of {trials}");
    }
}

#[test]
fn a_probability_of_one_is_always_and_of_zero_is_never() {
    let mut certain = world();
    let gateway = &mut certain.destinations[0].gateway;
    gateway.refusals.clear();
    (gateway.undeliverable, gateway.lost) = (Probability::ALWAYS, Probability::NEVER);
    gateway.receipt_lost = Probability::NEVER;
    let (_, result) = checked_run(&certain, "fifo");
    let carrier = result.outcome.carriers[0];
    assert_eq!((carrier.delivered, carrier.lost), (0, 0));
    assert_eq!(carrier.rejected, carrier.attempts);
    assert_eq!(result.findings.summary.messages.failed, carrier.attempts);
}
