//! Random traces as data: a world, and what happens in it.
//!
//! A step names messages and attempts by position ("the nth so far, modulo how many there are"), so
//! every prefix of a trace is a trace.

use super::lane::{Answer, Limit, Retry, World};
use super::rational::Ratio;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Time passes.
    Wait(u64),
    /// Time passes until the lane wants to be called again.
    WaitUntilDue,
    Submit {
        tenant: usize,
        class: usize,
        sender: u64,
        segments: u64,
        valid_for: u64,
    },
    /// At most this many sends.
    Dispatch(u32),
    Answer {
        attempt: usize,
        answer: Answer,
    },
    /// Of one of the attempts that are not answered yet.
    AnswerOpen {
        attempt: usize,
        answer: Answer,
    },
    Receipt {
        attempt: usize,
    },
    Up {
        session: usize,
        window: usize,
    },
    Down {
        session: usize,
    },
    CancelMessage {
        message: usize,
    },
    CancelTenant(usize),
    CancelSender(u64),
    Weight {
        tenant: usize,
        weight: Ratio,
    },
    Quota(Limit),
    Cap {
        sender: u64,
        limit: Option<Limit>,
    },
    /// Detach a tenant, if the lane allows it, and attach it again.
    Reattach(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) seed: u64,
    pub(crate) world: World,
    pub(crate) steps: Vec<Step>,
}

/// Which weights a trace draws from, and how long it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Pairs of numerator and denominator.
    pub(crate) weights: &'static [(i128, i128)],
    /// Intervals of the rates, in nanoseconds: without a common divisor with any number of segments, so
    /// that what is owed carries over exactly from one limit to the next.
    pub(crate) intervals: &'static [u64],
    pub(crate) steps_max: u64,
    /// Whether tenants get other weights on the way.
    pub(crate) reweighs: bool,
}

const PRIMES: &[u64] = &[7, 13, 101, 1009];

/// Whole weights up to 16: the scoring policy is exact on these.
pub(crate) const WHOLE: Kind = Kind {
    weights: &[
        (1, 1),
        (1, 1),
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 1),
        (5, 1),
        (6, 1),
        (7, 1),
        (8, 1),
        (9, 1),
        (10, 1),
        (11, 1),
        (12, 1),
        (13, 1),
        (14, 1),
        (15, 1),
        (16, 1),
    ],
    intervals: PRIMES,
    steps_max: 160,
    reweighs: true,
};

/// The same, and every tenant keeps its weight: what is owed when a weight changes is divided by several of
/// them, and no unit is divided evenly by all their products.
pub(crate) const STEADY: Kind = Kind { reweighs: false, ..WHOLE };

/// Those of which it is, as often as weights change in a trace.
pub(crate) const POWERS_OF_TWO: Kind =
    Kind { weights: &[(1, 1), (1, 1), (2, 1), (4, 1), (8, 1)], ..WHOLE };

/// Weights that divide no tag unit evenly.
pub(crate) const FRACTIONS: Kind = Kind {
    weights: &[(1, 1), (3, 10), (7, 10), (17, 10), (19, 1), (23, 10)],
    intervals: PRIMES,
    steps_max: 160,
    reweighs: false,
};

/// The fluid clock's fractions grow with every flow that runs dry: fewer steps, smaller weights.
pub(crate) const FLUID: Kind = Kind {
    weights: &[(1, 1), (1, 1), (2, 1), (3, 1), (4, 1)],
    intervals: PRIMES,
    steps_max: 120,
    reweighs: true,
};

/// Intervals that, times up to six, divide a unit of tag: what part of a message has gone is exact.
pub(crate) const DIVISIBLE: Kind = Kind { intervals: &[11, 13, 143, 1001], ..FLUID };

const FOR_EVER: u64 = u64::MAX;

struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }
}

impl Trace {
    pub(crate) fn random(seed: u64, kind: Kind) -> Trace {
        let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
        // One interval for all limits of a trace.
        let per = dice.of(kind.intervals);
        let world = World::random(&mut dice, kind, per);
        let mut steps = vec![Step::Up { session: 0, window: 4 + dice.below(9) as usize }];
        for _ in 0..20 + dice.below(kind.steps_max) {
            steps.push(Step::random(&mut dice, kind, &world));
        }
        Trace { seed, world, steps }
    }
}

impl World {
    fn random(dice: &mut Dice, kind: Kind, per: u64) -> World {
        let all_alike = dice.one_in(4);
        let weight = |dice: &mut Dice| match (all_alike, dice.of(kind.weights)) {
            (true, _) => Ratio::from(1),
            (false, (numerator, denominator)) => Ratio::new(numerator, denominator),
        };
        let set_count = if dice.one_in(3) { 0 } else { 1 + dice.below(3) };
        let sets: Vec<Ratio> = (0..set_count).map(|_| weight(dice)).collect();
        let classes = (0..1 + dice.below(3)).map(|_| weight(dice)).collect();
        let tenants = (0..1 + dice.below(5))
            .map(|_| (weight(dice), if set_count == 0 { 0 } else { dice.below(set_count) }))
            .collect();
        let retry = |dice: &mut Dice| Retry {
            attempts: 1 + dice.below(4) as usize,
            wait: dice.of(&[0, per, 3 * per + 1]),
            to_head: dice.one_in(2),
        };
        World {
            salt: dice.0.next_u64(),
            sets,
            classes,
            tenants,
            quota: limit(dice, per),
            throttled: retry(dice),
            temporary: retry(dice),
            unknown: (!dice.one_in(3)).then(|| retry(dice)),
            response_timeout: 1 + (2 + dice.below(30)) * per,
        }
    }
}

impl Step {
    fn random(dice: &mut Dice, kind: Kind, world: &World) -> Step {
        let per = world.quota.per;
        let answers = [
            Answer::Accepted,
            Answer::Accepted,
            Answer::Throttled,
            Answer::Throttled,
            Answer::Temporary,
            Answer::Permanent,
        ];
        let tenant = dice.below(world.tenants.len() as u64) as usize;
        // A sender belongs to one tenant.
        let sender = tenant as u64 + world.tenants.len() as u64 * dice.below(3);
        let position = dice.0.next_u64() as usize;
        let session = dice.below(2) as usize;
        match dice.below(100) {
            0..8 => Step::Wait(dice.below(2 * per)),
            8..24 => Step::WaitUntilDue,
            24..52 => Step::Submit {
                tenant,
                class: dice.below(world.classes.len() as u64) as usize,
                sender,
                segments: 1 + dice.below(4) * dice.below(2),
                valid_for: if dice.one_in(8) { dice.below(12 * per) } else { FOR_EVER },
            },
            52..74 => Step::Dispatch(1 + dice.below(5) as u32),
            74..85 => Step::AnswerOpen { attempt: position, answer: dice.of(&answers) },
            85..87 => Step::Answer { attempt: position, answer: dice.of(&answers) },
            87 => Step::Receipt { attempt: position },
            88 => Step::Up { session, window: dice.below(13) as usize },
            89 if dice.one_in(3) => Step::Down { session },
            89 | 90 => Step::Up { session: 0, window: 4 + dice.below(9) as usize },
            91 => Step::CancelMessage { message: position },
            92 if dice.one_in(2) => Step::CancelTenant(tenant),
            92 => Step::CancelSender(sender),
            93..95 if kind.reweighs => {
                let (numerator, denominator) = dice.of(kind.weights);
                Step::Weight { tenant, weight: Ratio::new(numerator, denominator) }
            }
            95 => Step::Quota(limit(dice, per)),
            96..99 => Step::Cap { sender, limit: (!dice.one_in(4)).then(|| limit(dice, per)) },
            _ => Step::Reattach(tenant),
        }
    }
}

fn limit(dice: &mut Dice, per: u64) -> Limit {
    Limit { segments: 1 + dice.below(5), per, burst: 1 + dice.below(6) }
}
