//! What the macro-runs are made of: numbers of known distributions, and series of known means.

use apportion::engine::{Seed, Stream, StreamName, standard_normal, uniform_open};

/// The luck of one macro-run: as many numbers as it asks for.
#[derive(Debug)]
pub(crate) struct Draws {
    stream: Stream,
    first_ordinal: u64,
    drawn: u64,
    block: [u64; 8],
}

impl Draws {
    /// The luck of macro-run `number` of the row of this name.
    pub(crate) fn new(seed: u64, row: &str, number: u64) -> Self {
        let stream = Seed::new(seed).stream(&StreamName::new(row, "coverage"));
        Draws { stream, first_ordinal: number << 24, drawn: 0, block: [0; 8] }
    }

    fn next(&mut self) -> u64 {
        let index = (self.drawn % 8) as usize;
        if index == 0 {
            let ordinal = self.first_ordinal + self.drawn / 8;
            let luck = self.stream.luck(ordinal, 0);
            self.block = std::array::from_fn(|place| luck.number(place));
        }
        self.drawn += 1;
        self.block[index]
    }

    /// In (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        uniform_open(self.next())
    }

    /// Standard normal.
    pub(crate) fn normal(&mut self) -> f64 {
        standard_normal(self.next())
    }

    /// Exponential with mean 1: skewness 2.
    pub(crate) fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }

    /// The sum of four exponentials with mean 1: mean 4, variance 4, skewness 1.
    pub(crate) fn gamma_4(&mut self) -> f64 {
        -libm::log(self.uniform() * self.uniform() * self.uniform() * self.uniform())
    }

    /// `n` values of one kind.
    pub(crate) fn many(&mut self, n: usize, mut one: impl FnMut(&mut Draws) -> f64) -> Vec<f64> {
        (0..n).map(|_| one(self)).collect()
    }

    /// A stationary autoregressive series X_{t+1} = φ·X_t + ε with mean 0 and variance 1.
    pub(crate) fn autoregressive(&mut self, n: usize, phi: f64) -> Vec<f64> {
        let innovation = libm::sqrt(1.0 - phi * phi);
        let mut x = self.normal();
        self.many(n, |draws| {
            x = phi * x + innovation * draws.normal();
            x
        })
    }

    /// Waits of customers one after another in a stationary M/M/1 queue with mean service 1, by Lindley's
    /// recursion, from the stationary wait: 0 with probability 1 − ρ, else exponential with mean
    /// 1 ÷ (1 − ρ). So there is no start to delete, and the mean is [`mean_wait`].
    pub(crate) fn waits(&mut self, n: usize, load: f64) -> Vec<f64> {
        let mut wait = if self.uniform() < load { self.exponential() / (1.0 - load) } else { 0.0 };
        self.many(n, |draws| {
            let present = wait;
            wait = (wait + draws.exponential() - draws.exponential() / load).max(0.0);
            present
        })
    }
}

/// Mean wait of the M/M/1 queue with mean service 1: ρ ÷ (1 − ρ).
pub(crate) fn mean_wait(load: f64) -> f64 {
    load / (1.0 - load)
}

/// Quantile of its wait, from P(W > x) = ρ·exp(−(1 − ρ)·x).
pub(crate) fn wait_quantile(load: f64, q: f64) -> f64 {
    (libm::log(load / (1.0 - q)) / (1.0 - load)).max(0.0)
}
