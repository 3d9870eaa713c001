//! Runs a queue through the real engine and lane, many times over, and draws the conclusion.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use apportion::engine::LadderCalendar;
use apportion::model::{Setup, simulate_with};
use apportion::scenario::{
    Arrivals, Class, Destination, Dispatchers, Gateway, Latency, Pace, Probability, Scenario,
    Sender, SenderUse, Source, Tenant,
};
use apportion::scheduler::{Fifo, RetryPolicy};
use apportion::time::{Span, Time};
use apportion::units::{ClassId, DestinationId, Rate, SenderId, TenantId, Weight};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::cells::{Cell, Inputs, SERVICE};
use super::observer::{QueueObserver, Replication};

/// How to run the cells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Replications of each cell.
    pub(crate) replications: usize,
    /// Each counts the cell's messages divided by this.
    pub(crate) divisor: u64,
    /// Threads; they change nothing but the time it takes.
    pub(crate) threads: usize,
    /// Mean service that the carrier is given; theory always means [`SERVICE`].
    pub(crate) service: Span,
}

impl Plan {
    fn counted(&self, cell: &Cell) -> u64 {
        cell.messages / self.divisor
    }

    /// All replications of all cells, in order: by cell, then by replication.
    pub(crate) fn run(&self, cells: &[Cell]) -> Vec<Vec<Replication>> {
        let jobs = cells.len() * self.replications;
        let next = AtomicUsize::new(0);
        let done: Vec<Mutex<Option<Replication>>> = (0..jobs).map(|_| Mutex::new(None)).collect();
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    loop {
                        let job = next.fetch_add(1, Ordering::Relaxed);
                        let Some(place) = done.get(job) else { break };
                        let cell = &cells[job / self.replications];
                        let figures = self.replicate(cell, job % self.replications);
                        *place.lock().expect("no thread panics while it holds this") =
                            Some(figures);
                    }
                });
            }
        });
        let mut figures = done.into_iter().map(|place| {
            let place = place.into_inner().expect("no thread panics while it holds this");
            place.expect("every job was done")
        });
        cells.iter().map(|_| figures.by_ref().take(self.replications).collect()).collect()
    }

    fn replicate(&self, cell: &Cell, number: usize) -> Replication {
        let (deleted, counted) = (cell.deleted(), self.counted(cell));
        let scenario = scenario(cell, deleted + counted, self.service);
        let mut observer = QueueObserver::new(deleted, counted);
        let setup = Setup { scenario: &scenario, seed: cell.seed + number as u64 };
        simulate_with(setup, vec![Fifo::new()], None, &mut observer, LadderCalendar::default());
        observer.figures()
    }

    /// Concludes from the replications of one cell, with a t interval of this level.
    pub(crate) fn conclude(&self, cell: &Cell, runs: &[Replication], level: f64) -> Conclusion {
        let nominal = cell.nominal();
        let slopes = slopes(cell, nominal);
        let controlled: Vec<f64> = runs.iter().map(|run| run.controlled(nominal, slopes)).collect();
        let (measured_s, half_width_s) = interval(&controlled, level);
        let mean_of = |figure: fn(&Replication) -> f64| {
            runs.iter().map(figure).sum::<f64>() / runs.len() as f64
        };
        let total = (runs.len() as u64 * self.counted(cell)) as f64;
        let spread = |variance: f64| (variance / total).sqrt();
        let law = |name, measured, expected, standard_error| Law {
            name,
            measured,
            expected,
            standard_error,
        };
        let variability = cell.service.variability();
        let square = nominal.service_square_s2;
        Conclusion {
            theory_s: cell.mean_wait_s(nominal),
            measured_s,
            half_width_s,
            plain_s: mean_of(|run| run.mean_wait_s),
            laws: [
                law("mean gap", mean_of(|run| run.mean_gap_s), nominal.gap_s, {
                    spread(nominal.gap_s * nominal.gap_s)
                }),
                law("mean service", mean_of(|run| run.mean_service_s), 1.0, spread(variability)),
                law("mean service²", mean_of(|run| run.mean_service_square_s2), square, {
                    spread(cell.service.fourth_moment() - square * square)
                }),
                law(
                    "mean in service",
                    mean_of(|run| run.mean_in_service),
                    nominal.service_s / nominal.gap_s,
                    // The ratio of a sum of services to a sum of gaps, by the delta method.
                    spread(1.0 + variability) * nominal.service_s / nominal.gap_s,
                ),
            ],
            little_holds: runs.iter().all(|run| run.little.holds()),
        }
    }
}

impl Replication {
    /// The mean wait, controlled by what the inputs happened to be.
    fn controlled(&self, nominal: Inputs, slopes: Inputs) -> f64 {
        self.mean_wait_s
            - slopes.gap_s * (self.mean_gap_s - nominal.gap_s)
            - slopes.service_s * (self.mean_service_s - nominal.service_s)
            - slopes.service_square_s2 * (self.mean_service_square_s2 - nominal.service_square_s2)
    }
}

/// How fast theory's wait changes with each input, by central differences: the coefficients of the
/// controls. They are fixed before anything runs, so the estimate stays without bias whatever they
/// are; bad ones would only make it wide.
fn slopes(cell: &Cell, at: Inputs) -> Inputs {
    let step = 1e-5;
    let slope = |change: fn(&mut Inputs, f64)| {
        let shifted = |by: f64| {
            let mut inputs = at;
            change(&mut inputs, by);
            cell.mean_wait_s(inputs)
        };
        (shifted(step) - shifted(-step)) / (2.0 * step)
    };
    Inputs {
        gap_s: slope(|inputs, by| inputs.gap_s += by),
        service_s: slope(|inputs, by| inputs.service_s += by),
        service_square_s2: slope(|inputs, by| inputs.service_square_s2 += by),
    }
}

/// Mean and half-width of the t interval.
fn interval(values: &[f64], level: f64) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance =
        values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0);
    let t = StudentsT::new(0.0, 1.0, n - 1.0).expect("at least two replications");
    (mean, t.inverse_cdf(0.5 + level / 2.0) * (variance / n).sqrt())
}

/// What the replications of one cell say.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Conclusion {
    /// Mean wait by theory.
    pub(crate) theory_s: f64,
    /// Mean wait as measured, controlled.
    pub(crate) measured_s: f64,
    /// Half of the interval around it.
    pub(crate) half_width_s: f64,
    /// Mean wait as measured, without controls.
    pub(crate) plain_s: f64,
    /// What else must hold: were the inputs wrong, the controls would hide a part of it.
    pub(crate) laws: [Law; 4],
    /// Whether Little's law held in every replication, to the nanosecond.
    pub(crate) little_holds: bool,
}

impl Conclusion {
    /// Half-width as a part of theory.
    pub(crate) fn relative_half_width(&self) -> f64 {
        self.half_width_s / self.theory_s
    }

    /// Whether the interval has theory in it.
    pub(crate) fn is_inside(&self) -> bool {
        (self.measured_s - self.theory_s).abs() <= self.half_width_s
    }

    /// Whether everything holds, and to the precision that was asked for.
    pub(crate) fn passes(&self, half_width: f64) -> bool {
        self.is_inside()
            && self.relative_half_width() <= half_width
            && self.laws.iter().all(Law::holds)
            && self.little_holds
    }
}

/// A mean of known expectation and standard error.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Law {
    /// Of what.
    pub(crate) name: &'static str,
    /// As measured.
    pub(crate) measured: f64,
    /// As it must be.
    pub(crate) expected: f64,
    /// Of `measured`.
    pub(crate) standard_error: f64,
}

impl Law {
    /// Whether it holds to 6 standard errors, plus one part in a hundred million for what is rounded
    /// to nanoseconds.
    pub(crate) fn holds(&self) -> bool {
        let allowed = 6.0 * self.standard_error + 1e-8 * self.expected;
        (self.measured - self.expected).abs() <= allowed
    }
}

/// One tenant, one sender, no quota, one session whose window is the number of servers; the response
/// takes the service, and delivery and receipt follow at once.
fn scenario(cell: &Cell, messages: u64, service: Span) -> Scenario {
    let thousandths = cell.load_permille * u64::from(cell.servers);
    let rate = Rate::new(thousandths, SERVICE.saturating_mul(1000)).expect("a valid rate");
    // The number of arrivals in a given time scatters by √n; ten of that on top.
    let arrivals = messages + 10 * (messages as f64).sqrt() as u64 + 100;
    let duration = rate.span_of(arrivals);
    let forever = Span::from_seconds(100 * 366 * 86_400);
    Scenario {
        name: "theory".into(),
        description: String::new(),
        seed: cell.seed,
        policy: "fifo".into(),
        duration,
        drain: forever,
        warm_up: apportion::time::Span::ZERO,
        window: duration,
        failovers: Vec::new(),
        submissions: apportion::scenario::Submissions::Made,
        destinations: vec![Destination {
            name: "queue".into(),
            quota: None,
            admission: None,
            retry: RetryPolicy::NEVER,
            backpressure: Default::default(),
            response_timeout: forever,
            receipt_timeout: forever,
            gateway: Gateway {
                sessions: 1,
                window: cell.servers,
                response: cell.service.latency(service),
                refusals: Vec::new(),
                delivery: Latency::Constant(Span::ZERO),
                undeliverable: Probability::NEVER,
                lost: Probability::NEVER,
                receipt: Latency::Constant(Span::ZERO),
                ..Gateway::default()
            },
            dispatchers: Dispatchers::ONE,
        }],
        classes: vec![Class { name: "any".into(), weight: Weight::ONE, deadline: None }],
        tenant_sets: Vec::new(),
        scoring: apportion::scheduler::ScoringOptions::default(),
        bounds: Vec::new(),
        tenants: vec![Tenant {
            name: "tenant".into(),
            group: "tenant".into(),
            set: None,
            weight: Weight::ONE,
            cap: None,
            daily_cap: None,
            spills: false,
        }],
        senders: vec![Sender {
            name: "sender".into(),
            tenant: TenantId(0),
            cap: None,
            daily_cap: None,
            class: None,
        }],
        sources: vec![Source {
            name: "poisson".into(),
            tenant: TenantId(0),
            destination: DestinationId(0),
            class: ClassId(0),
            first_sender: SenderId(0),
            senders: 1,
            segments: vec![(1, 1)],
            validity: None,
            sender_use: SenderUse::InTurn,
            send_window: None,
            arrivals: Arrivals::Poisson {
                pace: Pace { rate, from: Time::ZERO, until: Time::ZERO + duration, curve: None },
            },
        }],
        log: None,
        faults: Vec::new(),
        actions: Vec::new(),
        detector: None,
        checks: Vec::new(),
    }
}
