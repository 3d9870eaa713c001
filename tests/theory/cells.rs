//! The queues of the table, and what queueing theory says of them.
//!
//! Mean service is one second everywhere, so all times are in mean services. Arrivals are Poisson.

use apportion::scenario::Latency;
use apportion::time::Span;

/// How long a service lasts; the mean is [`SERVICE`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Service {
    /// Exponential: coefficient of variation 1.
    Exponential,
    /// Always the same: coefficient of variation 0.
    Constant,
    /// Lognormal with coefficient of variation 2.
    Lognormal,
}

/// Mean service.
pub(crate) const SERVICE: Span = Span::from_seconds(1);

impl Service {
    /// As the carrier's response latency, with a mean of `mean`.
    pub(crate) fn latency(self, mean: Span) -> Latency {
        match self {
            Service::Exponential => Latency::Exponential { mean },
            Service::Constant => Latency::Constant(mean),
            Service::Lognormal => {
                // With coefficient of variation k the variance of the logarithm is ln(1 + k²), and
                // the median is the mean ÷ √(1 + k²).
                let median = mean.as_nanoseconds() as f64 / libm::sqrt(5.0);
                let median = Span::from_nanoseconds(median.round() as u64);
                Latency::Lognormal { median, sigma: libm::sqrt(libm::log(5.0)) }
            }
        }
    }

    /// Squared coefficient of variation.
    pub(crate) fn variability(self) -> f64 {
        match self {
            Service::Exponential => 1.0,
            Service::Constant => 0.0,
            Service::Lognormal => 4.0,
        }
    }

    /// The fourth moment in seconds⁴: e^(6σ²) = 5⁶ for the lognormal one.
    pub(crate) fn fourth_moment(self) -> f64 {
        match self {
            Service::Exponential => 24.0,
            Service::Constant => 1.0,
            Service::Lognormal => 15_625.0,
        }
    }
}

/// The moments of arrivals and service that theory needs, in seconds: nominal, or realised by a run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Inputs {
    /// Mean time between arrivals.
    pub(crate) gap_s: f64,
    /// Mean service.
    pub(crate) service_s: f64,
    /// Mean square of service.
    pub(crate) service_square_s2: f64,
}

/// One queue of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// In Kendall's notation.
    pub(crate) queue: &'static str,
    /// Attempts that may be unanswered at once.
    pub(crate) servers: u32,
    /// Service.
    pub(crate) service: Service,
    /// Utilisation in thousandths.
    pub(crate) load_permille: u64,
    /// First seed; replication i runs under this plus i.
    pub(crate) seed: u64,
    /// Messages counted in one replication of the full table.
    pub(crate) messages: u64,
    /// Largest half-width of the full table, as a part of theory.
    pub(crate) half_width: f64,
}

impl Cell {
    /// Utilisation.
    pub(crate) fn load(&self) -> f64 {
        self.load_permille as f64 / 1000.0
    }

    /// The moments that the scenario asks for.
    pub(crate) fn nominal(&self) -> Inputs {
        Inputs {
            gap_s: 1.0 / (self.load() * f64::from(self.servers)),
            service_s: 1.0,
            service_square_s2: 1.0 + self.service.variability(),
        }
    }

    /// Mean wait that theory gives for these moments, in seconds.
    pub(crate) fn mean_wait_s(&self, inputs: Inputs) -> f64 {
        let arrivals_per_s = 1.0 / inputs.gap_s;
        let offered = arrivals_per_s * inputs.service_s;
        if self.servers == 1 {
            pollaczek_khinchine_s(arrivals_per_s, offered, inputs.service_square_s2)
        } else {
            assert_eq!(self.service, Service::Exponential, "Erlang's formula is for M/M/c");
            let servers = f64::from(self.servers);
            erlang_c(self.servers, offered) * inputs.service_s / (servers - offered)
        }
    }

    /// Messages deleted at the start of a replication. Memory of the empty start fades with the
    /// relaxation time, (1 + k²)/2 ÷ (1 − √ρ)² services ÷ servers (exact for M/M/1, the diffusion
    /// limit's correction elsewhere); after 20 of them a part e⁻²⁰ is left.
    pub(crate) fn deleted(&self) -> u64 {
        let shape = (1.0 + self.service.variability()) / 2.0;
        let distance = 1.0 - self.load().sqrt();
        let relaxation = shape * self.load() / (distance * distance);
        (20.0 * relaxation).ceil() as u64
    }
}

/// Mean wait in M/G/1 (Pollaczek 1930, Khinchine 1932): λ E\[S²\] ÷ 2(1 − ρ).
fn pollaczek_khinchine_s(arrivals_per_s: f64, load: f64, service_square_s2: f64) -> f64 {
    arrivals_per_s * service_square_s2 / (2.0 * (1.0 - load))
}

/// Probability of waiting in M/M/c (Erlang 1917), from Erlang's loss formula by its recursion.
fn erlang_c(servers: u32, offered: f64) -> f64 {
    let loss = (1..=servers).fold(1.0, |blocked, server| {
        let carried = offered * blocked;
        carried / (f64::from(server) + carried)
    });
    loss / (1.0 - offered / f64::from(servers) * (1.0 - loss))
}
