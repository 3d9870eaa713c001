//! Golden hashes, and fits to the distributions of `statrs` with seeds and levels fixed beforehand.

use statrs::distribution::{
    ChiSquared, Continuous, ContinuousCDF, Discrete, Exp, Gamma, Geometric, LogNormal, Normal,
    Pareto, Weibull,
};

use super::super::stream::{Seed, Stream, StreamName};
use super::*;

const SECOND: Span = Span::from_seconds(1);

fn stream(seed: u64, purpose: &str) -> Stream {
    Seed::new(seed).stream(&StreamName::new("samplers", purpose))
}

/// The hash that pins a sampler's values: FNV-1a over their bits.
fn pinned(sample: impl Fn(u64) -> u64) -> u64 {
    let stream = stream(7, "golden");
    hash((0..100_000).map(|ordinal| sample(stream.luck(ordinal, 0).number(0))))
}

/// The same for samplers that take as many numbers as they need.
fn pinned_draws(sample: impl Fn(&mut Draws) -> u64) -> u64 {
    let stream = stream(7, "golden");
    hash((0..100_000).map(|ordinal| sample(&mut Draws::new(&stream, ordinal, 0))))
}

fn hash(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0xcbf2_9ce4_8422_2325, |hash, value| {
        (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[test]
fn samplers_never_change() {
    let table = Categorical::new(&[5, 0, 1, 12, 2]).expect("weights");
    let measured = Empirical::new(vec![3_u64, 1, 4, 1, 5]).expect("values");
    let found = [
        ("exponential", pinned(|d| exponential(d, SECOND).as_nanoseconds())),
        ("lognormal", pinned(|d| lognormal(d, SECOND, 0.6).as_nanoseconds())),
        ("normal", pinned(|d| standard_normal(d).to_bits())),
        ("uniform", pinned(|d| uniform_u64(d, 10, 1009))),
        ("weibull", pinned(|d| weibull(d, 0.7).to_bits())),
        ("pareto", pinned(|d| pareto(d, 2.5).to_bits())),
        ("geometric", pinned(|d| geometric(d, 0.03))),
        ("bernoulli", pinned(|d| u64::from(bernoulli(d, 3, 10)))),
        ("categorical", pinned(|d| table.index(d) as u64)),
        ("empirical", pinned(|d| measured.value(d))),
        ("gamma", pinned_draws(|draws| gamma(3.5, draws).to_bits())),
        ("gamma below one", pinned_draws(|draws| log_gamma(0.04, draws).to_bits())),
        ("zipf", pinned_draws(|draws| Zipf::new(5000, 1.1).rank(draws))),
    ];
    let found: Vec<String> =
        found.iter().map(|(name, hash)| format!("{name} {hash:016x}")).collect();
    assert_eq!(found, GOLDEN);
}

const GOLDEN: [&str; 13] = [
    "exponential 6c72bc5330cd8133",
    "lognormal f9ea3f4b1edd4aee",
    "normal 06b9406c053f5ec3",
    "uniform 96843d4ae292efc0",
    "weibull 390bd7ad969ea35f",
    "pareto b3703e88219e20f0",
    "geometric a9d4d3579d707769",
    "bernoulli 3919044775be30e9",
    "categorical 3ef8cd2af6fe4796",
    "empirical 01f26cba9c88a1ac",
    "gamma 28d0dafe681ae225",
    "gamma below one 7221f43eb04510b4",
    "zipf 85dbd6dc1a93c32c",
];

const SAMPLES: u64 = 100_000;

/// The largest distance between the empirical and the true distribution function, times √n
/// (Kolmogorov); 1.95 is exceeded once in a thousand times.
fn kolmogorov(mut sample: impl FnMut(u64) -> f64, cdf: impl Fn(f64) -> f64) -> f64 {
    let mut values: Vec<f64> = (0..SAMPLES).map(&mut sample).collect();
    values.sort_unstable_by(f64::total_cmp);
    let n = SAMPLES as f64;
    let distance = values.iter().enumerate().fold(0.0_f64, |worst, (rank, value)| {
        let (below, above) = (rank as f64 / n, (rank + 1) as f64 / n);
        let expected = cdf(*value);
        worst.max((expected - below).abs()).max((above - expected).abs())
    });
    distance * n.sqrt()
}
const KOLMOGOROV_LIMIT: f64 = 1.95;

/// Pearson's chi-squared over the outcomes 0 to `cells` − 1 and all above together, divided by what one
/// run in a thousand exceeds: below 1 fits.
fn pearson(mut sample: impl FnMut(u64) -> u64, cells: usize, mass: impl Fn(u64) -> f64) -> f64 {
    let mut counts = vec![0_u64; cells + 1];
    for ordinal in 0..SAMPLES {
        counts[(sample(ordinal) as usize).min(cells)] += 1;
    }
    let mut masses: Vec<f64> = (0..cells as u64).map(mass).collect();
    masses.push((1.0 - masses.iter().sum::<f64>()).max(0.0));
    let mut statistic = 0.0;
    let mut freedom = -1.0;
    for (count, mass) in counts.iter().zip(&masses) {
        let expected = mass * SAMPLES as f64;
        if expected < 5.0 {
            assert!(*count < 30, "{count} of something that should hardly be");
            continue;
        }
        statistic += (*count as f64 - expected) * (*count as f64 - expected) / expected;
        freedom += 1.0;
    }
    statistic / ChiSquared::new(freedom).expect("positive").inverse_cdf(0.999)
}

/// One draw of the fitting stream. Seed and number were fixed before the first fit was looked at.
fn draw(ordinal: u64) -> u64 {
    stream(11, "fit").luck(ordinal, 0).number(3)
}

fn draws(ordinal: u64) -> Draws {
    Draws::new(&stream(11, "fit"), ordinal, 0)
}

/// How each continuous sampler fits, with every scale times `scale`.
fn continuous_fits(scale: f64) -> Vec<(&'static str, f64)> {
    let exp = Exp::new(1.0).expect("valid");
    let lognormal_law = LogNormal::new(0.0, 0.6).expect("valid");
    let normal = Normal::standard();
    let weibull_law = Weibull::new(0.7, 1.0).expect("valid");
    let pareto_law = Pareto::new(1.0, 2.5).expect("valid");
    let gamma_law = |shape| Gamma::new(shape, 1.0).expect("valid");
    let (steady, bursty, burstier) = (gamma_law(4.0), gamma_law(0.25), gamma_law(0.04));
    let seconds = |span: Span| scale * span.as_seconds_f64();
    vec![
        ("uniform", kolmogorov(|o| scale * uniform_open(draw(o)), |x| x.clamp(0.0, 1.0))),
        ("exponential", kolmogorov(|o| seconds(exponential(draw(o), SECOND)), |x| exp.cdf(x))),
        (
            "lognormal",
            kolmogorov(|o| seconds(lognormal(draw(o), SECOND, 0.6)), |x| lognormal_law.cdf(x)),
        ),
        ("normal", kolmogorov(|o| scale * standard_normal(draw(o)), |x| normal.cdf(x))),
        ("weibull", kolmogorov(|o| scale * weibull(draw(o), 0.7), |x| weibull_law.cdf(x))),
        ("pareto", kolmogorov(|o| scale * pareto(draw(o), 2.5), |x| pareto_law.cdf(x))),
        ("gamma 4", kolmogorov(|o| scale * gamma(4.0, &mut draws(o)), |x| steady.cdf(x))),
        ("gamma 1/4", kolmogorov(|o| scale * gamma(0.25, &mut draws(o)), |x| bursty.cdf(x))),
        ("gamma 1/25", kolmogorov(|o| scale * gamma(0.04, &mut draws(o)), |x| burstier.cdf(x))),
    ]
}

#[test]
fn continuous_samplers_fit_their_distributions() {
    let fits = continuous_fits(1.0);
    assert!(fits.iter().all(|(_, fit)| *fit < KOLMOGOROV_LIMIT), "{fits:?}");
    // The red side: a scale that is 4 % off is found out in every one but the flattest, whose
    // distribution function hardly moves with its scale.
    for (name, fit) in continuous_fits(1.04) {
        assert_eq!(fit > KOLMOGOROV_LIMIT, name != "gamma 1/25", "{name} {fit}");
    }
    // There the shape is what must be right.
    let law = Gamma::new(0.05, 1.0).expect("valid");
    let off = kolmogorov(|o| gamma(0.04, &mut draws(o)), |x| law.cdf(x));
    assert!(off > KOLMOGOROV_LIMIT, "{off}");
}

#[test]
fn the_logarithm_of_a_gamma_number_is_that_of_the_number() {
    for shape in [0.3, 0.9, 1.0, 7.5] {
        for ordinal in 0..1000 {
            let number = gamma(shape, &mut draws(ordinal));
            let log = log_gamma(shape, &mut draws(ordinal));
            assert!((libm::exp(log) - number).abs() <= 1e-12 * number, "{shape} {ordinal}");
        }
    }
    // Where the number itself would be 0: the median of a gamma of shape a is near 2^(−1/a).
    let mut logs: Vec<f64> = (0..10_001).map(|o| log_gamma(0.001, &mut draws(o))).collect();
    logs.sort_unstable_by(f64::total_cmp);
    assert!((logs[5000] / -693.1 - 1.0).abs() < 0.05, "{}", logs[5000]);
}

#[test]
fn discrete_samplers_fit_their_distributions() {
    let geometric_law = |p: f64| Geometric::new(p).expect("valid");
    // `statrs` has no Zipf; its masses are rank⁻ˢ over their sum.
    let zipf_law = |n: u64, s: f64| {
        let sum: f64 = (1..=n).map(|k| libm::pow(k as f64, -s)).sum();
        move |k: u64| if k <= n { libm::pow(k as f64, -s) / sum } else { 0.0 }
    };
    // `statrs` counts the trial that succeeds as well; ranks begin at 1.
    let geometric_fit = |p: f64, of: f64| {
        let law = geometric_law(of);
        pearson(|o| geometric(draw(o), p), 60, |k| law.pmf(k + 1))
    };
    let zipf_fit = |s: f64, of: f64, n: u64| {
        let (ours, law) = (Zipf::new(n, s), zipf_law(n, of));
        pearson(|o| ours.rank(&mut draws(o)) - 1, 200, |k| law(k + 1))
    };
    let weights = [5, 0, 1, 12, 2];
    let table = Categorical::new(&weights).expect("weights");
    let categorical_fit = |weights: [u64; 5]| {
        let total: u64 = weights.iter().sum();
        pearson(|o| table.index(draw(o)) as u64, 5, |k| weights[k as usize] as f64 / total as f64)
    };
    let bernoulli_fit = |p: f64| {
        pearson(|o| u64::from(bernoulli(draw(o), 3, 10)), 2, |k| if k == 1 { p } else { 1.0 - p })
    };
    let measured = Empirical::new(vec![0_u64, 1, 2, 2]).expect("values");
    let empirical_fit =
        |masses: [f64; 3]| pearson(|o| measured.value(draw(o)), 3, |k| masses[k as usize]);
    let fits = [
        geometric_fit(0.1, 0.1),
        geometric_fit(0.6, 0.6),
        zipf_fit(1.0, 1.0, 1000),
        zipf_fit(1.7, 1.7, 5000),
        zipf_fit(0.4, 0.4, 150),
        categorical_fit(weights),
        bernoulli_fit(0.3),
        empirical_fit([0.25, 0.25, 0.5]),
    ];
    assert!(fits.iter().all(|fit| *fit < 1.0), "{fits:?}");
    let wrong = [
        geometric_fit(0.1, 0.104),
        zipf_fit(1.0, 1.03, 1000),
        zipf_fit(0.4, 0.43, 150),
        categorical_fit([5, 0, 1, 13, 2]),
        bernoulli_fit(0.31),
        empirical_fit([0.26, 0.24, 0.5]),
    ];
    assert!(wrong.iter().all(|fit| *fit > 1.0), "{wrong:?}");
}

#[test]
fn samplers_at_their_borders() {
    assert!((0..1000).all(|o| geometric(draw(o), 1.0) == 0));
    assert!((0..1000).all(|o| Zipf::new(1, 1.3).rank(&mut draws(o)) == 1));
    assert!((0..1000).all(|o| (1..=3).contains(&Zipf::new(3, 0.0).rank(&mut draws(o)))));
    assert!([0, 1, u64::MAX].iter().all(|d| (10..=12).contains(&uniform_u64(*d, 10, 12))));
    assert!(uniform_open(0) > 0.0 && uniform_open(u64::MAX) < 1.0);
    assert_eq!((Categorical::new(&[]), Categorical::new(&[0, 0])), (None, None));
    assert_eq!(Categorical::new(&[u64::MAX, 1]), None);
    let only = Categorical::new(&[0, 7, 0]).expect("one weight");
    assert!((0..1000).all(|o| only.index(draw(o)) == 1));
    assert!(Empirical::<u64>::new(Vec::new()).is_none());
    let law = Normal::standard();
    assert!((law.pdf(0.0) - 0.398_942_280_4).abs() < 1e-9, "statrs means the same normal");
}

#[test]
fn rejection_takes_further_blocks_of_the_same_ordinal_and_shifts_nobody() {
    let stream = stream(3, "draws");
    let mut all = Draws::new(&stream, 5, 0);
    let numbers: Vec<u64> = (0..20).map(|_| all.number()).collect();
    let expected = |part: u8, index: usize| stream.luck(5, part).number(index);
    assert_eq!(numbers[7], expected(0, 7));
    assert_eq!(numbers[8], expected(1, 0));
    assert_eq!(numbers[19], expected(2, 3));
    let mut rest = Draws::continuing(&stream, 5, stream.luck(5, 0), 6);
    assert_eq!([rest.number(), rest.number(), rest.number()], [numbers[6], numbers[7], numbers[8]]);
    let mut later = Draws::new(&stream, 5, 2);
    assert_eq!(later.number(), numbers[16]);
}

#[test]
fn the_normal_inversion_is_accurate_to_twelve_digits() {
    let normal = Normal::standard();
    for p in [1e-12, 1e-6, 0.01, 0.3, 0.5, 0.9, 0.999_999] {
        let draw = (p * (1_u64 << 53) as f64) as u64;
        let exact = normal.inverse_cdf(uniform_open(draw << 11));
        let ours = standard_normal(draw << 11);
        assert!((ours - exact).abs() <= 1e-9 * exact.abs().max(1.0), "{p}: {ours} {exact}");
    }
}

#[test]
fn rounding_equals_that_of_libm() {
    let check = |value: f64| {
        assert_eq!(rounded(value), libm::round(value) as u64, "{value:e}, {:#x}", value.to_bits());
    };
    let mut edges = vec![0.0, 0.5, 1.5, 2.5, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, f64::NAN];
    edges.extend((0..70).flat_map(|power| {
        let whole = libm::exp2(f64::from(power));
        [whole - 0.5, whole, whole + 0.5, whole + 1.0, whole - 1.0]
    }));
    for edge in edges {
        for near in [edge.next_down(), edge, edge.next_up()] {
            check(near);
            check(-near);
        }
    }
    let stream = Seed::new(1).stream(&StreamName::new("test", "rounding"));
    for ordinal in 0..100_000 {
        let luck = stream.luck(ordinal, 0);
        // Any bits at all, then values around those that a span may have, then halves.
        check(f64::from_bits(luck.number(0)));
        check(luck.number(1) as f64 / libm::exp2((luck.number(2) % 64) as f64));
        check((luck.number(3) >> 12 >> (luck.number(4) % 52)) as f64 + 0.5);
    }
}
