use xxhash_rust::xxh3::xxh3_64;

use super::*;

const DEVELOPMENT: &str = include_str!("../../../scenarios/detection/development.json");

/// The configuration that decides is never run in development. Whoever changes it, or a seed in it, voids
/// every scoreboard; this is its hash, and nothing else of it is used here. The first was run, and what it
/// showed has been looked at since: it is kept as what its scoreboard was made from, and decides nothing.
const FINAL: [(&[u8], u64); 2] = [
    (include_bytes!("../../../scenarios/detection/final.json"), 0x7ddf_fb3c_00cd_8579),
    (include_bytes!("../../../scenarios/detection/final-2.json"), 0x7ab0_0114_2b7f_e000),
];

/// With fewer tenants. Not with fewer days: a tenant's incidents are so many a world, so they would be less
/// rare in a shorter one.
fn development() -> GeneratorConfig {
    let config = GeneratorConfig::parse(DEVELOPMENT).expect("committed");
    GeneratorConfig { tenants: 80, ..config }
}

#[test]
fn the_final_configurations_are_those_that_were_committed() {
    for (text, hash) in FINAL {
        assert_eq!(xxh3_64(text), hash, "{:#x}", xxh3_64(text));
    }
}

#[test]
fn a_world_depends_on_configuration_and_seed_alone() {
    let (one, again, other) =
        (generate(&development(), 1), generate(&development(), 1), generate(&development(), 2));
    assert!(one.seen == again.seen && one.incidents == again.incidents);
    assert!(one.seen != other.seen && one.incidents != other.incidents);
}

#[test]
fn incidents_are_rare_apart_and_after_the_warm_up() {
    for seed in 1..3 {
        let world = generate(&development(), seed);
        assert!(world.prevalence() <= 0.02, "{}", world.prevalence());
        assert!(world.incidents.len() > 40);
        for incident in &world.incidents {
            assert!(incident.start >= world.warm_up && incident.end <= world.windows);
            assert!(incident.start < incident.end);
        }
        for pair in world.incidents.windows(2) {
            let apart = pair[0].tenant != pair[1].tenant || pair[0].end + 15 <= pair[1].start;
            assert!(apart, "{pair:?}");
        }
    }
}

#[test]
fn an_incident_moves_nobodys_luck() {
    let config = development();
    let calm = GeneratorConfig {
        strata: config
            .strata
            .iter()
            .map(|stratum| Stratum { incidents: 0.0, ..stratum.clone() })
            .collect(),
        outages: Outages { number: 0, ..config.outages.clone() },
        ..config.clone()
    };
    let (world, calm) = (generate(&config, 3), generate(&calm, 3));
    assert!(calm.incidents.is_empty());
    for (tenant, (seen, healthy)) in world.seen.iter().zip(&calm.seen).enumerate() {
        let touched = |window: u64| {
            let of_tenant = |one: &&Injected| one.tenant == tenant as u32;
            world
                .incidents
                .iter()
                .filter(of_tenant)
                .any(|one| (one.start..one.end + 3).contains(&window))
        };
        for window in (0..world.windows).filter(|window| !touched(*window)) {
            assert_eq!(seen[window as usize], healthy[window as usize]);
        }
    }
}

/// The harm that was noted is the difference to the world without the incident, up to chance.
#[test]
fn harm_is_the_difference_to_the_world_without_it() {
    let config = GeneratorConfig { tenants: 240, ..development() };
    let world = generate(&config, 5);
    let mut ratios = Vec::new();
    for incident in &world.incidents {
        let tenant = &world.tenants[incident.tenant as usize];
        if incident.class != Class::Step || tenant.messages_a_day < 2_000.0 {
            continue;
        }
        let failed: u32 = (incident.start..incident.end)
            .map(|window| world.seen[incident.tenant as usize][window as usize].failures())
            .sum();
        let usual = incident.harm.traffic * tenant.failure_rate;
        if incident.harm.share() > 0.2 {
            ratios.push((f64::from(failed) - usual) / incident.harm.harmed);
        }
    }
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!(ratios.len() >= 5 && (mean - 1.0).abs() < 0.1, "{} incidents, {mean}", ratios.len());
}

#[test]
fn severity_has_cuts_that_belong_to_the_bin_above() {
    use crate::detector::Severity;
    for (share, severity) in [
        (0.0, Severity::Low),
        (0.0999, Severity::Low),
        (0.1, Severity::Medium),
        (0.2499, Severity::Medium),
        (0.25, Severity::High),
        (1.0, Severity::High),
    ] {
        assert_eq!(severity_of_share(share), severity, "{share}");
    }
}

#[test]
fn absurd_configurations_are_refused() {
    for (from, to) in [
        (r#""warm_up_days": 7"#, r#""warm_up_days": 21"#),
        (r#""harm": [0.04, 1.0]"#, r#""harm": [0.0, 1.0]"#),
        (r#""destinations": 8"#, r#""destinations": 0"#),
        (r#""seeds": 6"#, r#""seed": 6"#),
    ] {
        assert!(DEVELOPMENT.contains(from), "{from}");
        assert!(GeneratorConfig::parse(&DEVELOPMENT.replacen(from, to, 1)).is_err(), "{to}");
    }
}

#[test]
fn receipts_are_late_in_the_share_they_should_be_of_those_too_who_send_one_message_at_a_time() {
    let (mut late, mut expected, mut variance) = (0.0, 0.0, 0.0);
    for seed in 1..9 {
        let world = generate(&development(), seed);
        for one in world.incidents.iter().filter(|one| one.class == Class::ReceiptDelay) {
            for window in one.start..one.end {
                let seen = &world.seen[one.tenant as usize][window as usize];
                if (1..=2).contains(&seen.submitted) && one.size < 0.5 {
                    let outcomes = seen.succeeded + seen.failures();
                    late += f64::from(seen.submitted - outcomes);
                    expected += one.size * f64::from(seen.submitted);
                    variance += one.size * (1.0 - one.size) * f64::from(seen.submitted);
                }
            }
        }
    }
    assert!(expected > 50.0, "{expected}");
    assert!((late - expected).abs() < 4.0 * libm::sqrt(variance), "{late} of {expected}");
}
