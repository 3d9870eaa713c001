//! Orders of the platform's operators: what they stop, and what they leave alone.

use super::support::{checked_run, moves, scenario, seconds};
use apportion::event::{Event, What};
use apportion::experiment::verify;
use apportion::scheduler::{Happening, policy};
use apportion::time::Time;

const BASE: &str = "duration = \"2min\"\n[[destination]]\nname = \"us\"\nquota = \"4/s\"\n\
    [[destination]]\nname = \"eu\"\nquota = \"4/s\"\n\
    [[class]]\nname = \"otp\"\nweight = 9\n[[class]]\nname = \"bulk\"\n\
    [[tenant]]\nname = \"shop\"\n\
    [[tenant.traffic]]\nkind = \"campaign\"\nname = \"spring\"\nat = \"10s\"\nmessages = 150\n\
    class = \"bulk\"\ndestination = \"us\"\n\
    [[tenant.traffic]]\nkind = \"poisson\"\nrate = \"1/s\"\nclass = \"bulk\"\ndestination = \"us\"\n\
    [[tenant.traffic]]\nkind = \"poisson\"\nrate = \"1/s\"\nclass = \"bulk\"\ndestination = \"eu\"\n\
    [[tenant]]\nname = \"other\"\n[[tenant.traffic]]\nkind = \"poisson\"\nrate = \"1/s\"\n\
    class = \"bulk\"\ndestination = \"us\"\n";

fn run_with(actions: &[&str]) -> Vec<Event> {
    let tables: String = actions
        .iter()
        .enumerate()
        .map(|(index, text)| {
            format!("[[action]]\nname = \"a{index}\"\n{}\n", text.replace("; ", "\n"))
        })
        .collect();
    checked_run(&scenario(&format!("{BASE}{tables}")), "scoring").0
}

/// When messages of the tenant (0 or 1) to the destination (0 or 1) were dispatched.
fn dispatches(events: &[Event], tenant: u32, destination: u16) -> Vec<u64> {
    moves(events)
        .filter(|step| step.why == Happening::Dispatched)
        .filter(|step| step.record.message.tenant.0 == tenant && step.destination.0 == destination)
        .map(|step| step.time.as_nanoseconds() / 1_000_000_000)
        .collect()
}

#[test]
fn a_pause_stops_a_tenant_everywhere_or_at_one_destination_until_it_is_resumed() {
    let pause = "kind = \"pause\"; at = \"30s\"; tenant = \"shop\"";
    let resume = "kind = \"resume\"; at = \"60s\"; tenant = \"shop\"";
    let events = run_with(&[pause, resume]);
    for destination in [0, 1] {
        let times = dispatches(&events, 0, destination);
        assert!(times.iter().all(|second| !(30..60).contains(second)), "{times:?}");
        assert!(
            times.iter().any(|second| *second < 30) && times.iter().any(|second| *second >= 60)
        );
    }
    assert!(dispatches(&events, 1, 0).iter().any(|second| (30..60).contains(second)));
    let taken = events.iter().filter(|event| matches!(event.what, What::ActionTaken(_)));
    assert_eq!(taken.count(), 4, "two orders to two lanes");

    let only = |text: &str| format!("{text}; destination = \"us\"");
    let events = run_with(&[&only(pause), &only(resume)]);
    assert!(dispatches(&events, 0, 0).iter().all(|second| !(30..60).contains(second)));
    assert!(dispatches(&events, 0, 1).iter().any(|second| (30..60).contains(second)));
}

#[test]
fn a_campaign_is_withdrawn_and_the_rest_of_its_queue_goes_on() {
    let cancel = "kind = \"cancel\"; at = \"20s\"; tenant = \"shop\"; campaign = \"spring\"";
    let events = run_with(&[cancel]);
    let cancelled = moves(&events).filter(|step| step.why == Happening::Cancelled);
    let cancelled: Vec<_> = cancelled.collect();
    assert!(cancelled.len() > 50 && cancelled.iter().all(|step| step.time == seconds(20)));
    assert!(cancelled.iter().all(|step| step.record.submitted == seconds(10)), "no other message");
    assert!(dispatches(&events, 0, 0).iter().any(|second| *second > 100));
    let plain = run_with(&[]);
    assert_eq!(moves(&plain).filter(|step| step.why == Happening::Cancelled).count(), 0);
    // Until the order is given, nothing differs but that its messages are told apart.
    let before = |events: &[Event]| -> Vec<Event> {
        let is_told = |event: &&Event| !matches!(event.what, What::OfCampaign { .. });
        let early = events.iter().filter(|event| event.time < seconds(20));
        early.filter(is_told).copied().collect()
    };
    assert_eq!(before(&events), before(&plain));
}

/// When shop's messages to the first destination that `is_it`, by when they were submitted, were sent.
fn sent(events: &[Event], is_it: impl Fn(Time) -> bool) -> Vec<Time> {
    let of_shop = moves(events).filter(|step| {
        let is_shops = step.record.message.tenant.0 == 0 && step.destination.0 == 0;
        step.why == Happening::Dispatched && is_shops && is_it(step.record.submitted)
    });
    of_shop.map(|step| step.time).collect()
}

#[test]
fn a_weight_hurries_a_tenant_and_a_class_of_its_own_lets_others_past_a_campaign() {
    let order =
        |what: &str| format!("kind = \"reprioritise\"; at = \"15s\"; tenant = \"shop\"; {what}");
    let plain = run_with(&[]);
    let drained = |events: &[Event]| sent(events, |at| at == seconds(10)).into_iter().max();
    let weighty = run_with(&[&order("weight = 20")]);
    assert!(drained(&weighty) < drained(&plain), "the campaign is done sooner");
    // What comes after the campaign stands behind it in one queue, and beside it in two.
    let first = |events: &[Event]| sent(events, |at| at > seconds(15)).into_iter().min();
    let apart = run_with(&[&order("campaign = \"spring\"; class = \"otp\"")]);
    assert!(first(&apart).is_some() && first(&apart) < first(&plain), "it need not wait");
}

#[test]
fn a_run_with_ordered_campaigns_spills_and_injected_traffic_replays_from_its_messages() {
    let spilling = "[[tenant]]\nname = \"spills\"\nsenders = 3\nsender-skew = 4\n\
        sender-cap = \"1/s\"\nspill = true\n[[tenant.traffic]]\nkind = \"poisson\"\n\
        rate = \"2/s\"\nclass = \"bulk\"\ndestination = \"us\"\n";
    let orders = "[[action]]\nname = \"hurry\"\nkind = \"reprioritise\"\nat = \"15s\"\n\
        tenant = \"shop\"\ncampaign = \"spring\"\nclass = \"otp\"\n\
        [[action]]\nname = \"stop\"\nkind = \"cancel\"\nat = \"20s\"\n\
        tenant = \"shop\"\ncampaign = \"spring\"\n";
    let spike = "[[fault]]\nname = \"pumping\"\nkind = \"traffic-spike\"\ntenant = \"other\"\n\
        destination = \"us\"\nclass = \"bulk\"\nstart = \"30s\"\nduration = \"20s\"\n\
        rate = \"5/s\"\n";
    let base = BASE.replacen("quota = \"4/s\"", "quota = \"4/s\"\nadmission = \"20s\"", 1);
    let scenario = scenario(&format!("{base}{spilling}{orders}{spike}"));
    let (events, _) = checked_run(&scenario, "scoring");
    for happens in [
        |what: &What| matches!(what, What::OfCampaign { .. }),
        |what: &What| matches!(what, What::Spilled { .. }),
    ] {
        assert!(events.iter().any(|event| happens(&event.what)), "else nothing is tested");
    }
    let policy = policy("scoring").expect("it is in the registry");
    let verified = verify(&scenario, policy, 3, 2).expect("it can run");
    assert!(verified.holds(), "{:?}", verified.steps);
}

#[test]
fn who_runs_alone_keeps_its_own_campaigns_and_their_orders() {
    let order = |tenant: &str, campaign: &str| {
        format!(
            "[[action]]\nname = \"{tenant}\"\nkind = \"cancel\"\nat = \"20s\"\n\
             tenant = \"{tenant}\"\ncampaign = \"{campaign}\"\n"
        )
    };
    let autumn = "[[tenant.traffic]]\nkind = \"campaign\"\nname = \"autumn\"\nat = \"5s\"\n\
        messages = 80\nclass = \"bulk\"\ndestination = \"us\"\n";
    let orders = order("shop", "spring") + &order("other", "autumn");
    let mut alone = scenario(&format!("{BASE}{autumn}{orders}"));
    let other = alone.tenants_named("other").next().expect("it is in the scenario");
    alone.retain_sources(|source| source.tenant == other);
    assert_eq!(alone.actions.len(), 1, "the order to somebody who is silent is gone");
    let (events, _) = checked_run(&alone, "scoring");
    let cancelled: Vec<_> =
        moves(&events).filter(|step| step.why == Happening::Cancelled).collect();
    assert!(!cancelled.is_empty());
    assert!(cancelled.iter().all(|step| step.record.submitted == seconds(5)), "its campaign alone");
}
