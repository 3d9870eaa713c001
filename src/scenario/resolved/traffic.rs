//! Who submits what, and when.

use std::sync::Arc;

use super::{Curve, Latency, SendWindow};
use crate::time::{Span, Time};
use crate::units::{ClassId, DestinationId, Rate, SenderId, TenantId};

/// A source of synthetic traffic: one tenant's traffic of one kind towards one destination.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Names its random stream, with the tenant's name; unique within the tenant.
    pub name: String,
    /// Whose traffic it is.
    pub tenant: TenantId,
    /// Where it goes.
    pub destination: DestinationId,
    /// Its class.
    pub class: ClassId,
    /// The first of the tenant's senders; the `senders - 1` after it are the others it uses.
    pub first_sender: SenderId,
    /// How many; at least 1.
    pub senders: u32,
    /// How the senders are used.
    pub sender_use: SenderUse,
    /// What a message costs: each size with its relative frequency; at least one entry.
    pub segments: Vec<(u32, u32)>,
    /// How long a message stays worth sending.
    pub validity: Option<Span>,
    /// When messages may be submitted; at any time where there is none.
    pub send_window: Option<Arc<SendWindow>>,
    /// When messages arrive.
    pub arrivals: Arrivals,
}

/// How a source uses its senders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SenderUse {
    /// One after the other.
    InTurn,
    /// At random, sender k in proportion to k⁻ˢ; s = 0 is uniform.
    Zipf(f64),
}

/// When the messages of a source arrive.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// Equal gaps.
    Constant {
        /// How many, and from when to when.
        pace: Pace,
        /// Whether the first message comes at a random part of the first gap, and not at once.
        staggered: bool,
    },
    /// A Poisson stream.
    Poisson {
        /// How many, and from when to when.
        pace: Pace,
    },
    /// Independent gaps of any variability; stationary from the start.
    Renewal {
        /// How many, and from when to when.
        pace: Pace,
        /// The distribution of the gaps.
        gaps: GapLaw,
    },
    /// A Poisson stream that is switched on and off.
    OnOff {
        /// How many while it is on, and from when to when.
        pace: Pace,
        /// How long it stays on.
        on: Latency,
        /// How long it stays off.
        off: Latency,
    },
    /// A number of messages, evenly spread over a span, or all at once.
    Campaign {
        /// When the first one arrives.
        at: Time,
        /// How many.
        messages: u64,
        /// Over how long; [`Span::ZERO`] for all at once.
        over: Span,
        /// Whether the tenant tells the platform.
        notice: CampaignNotice,
    },
    /// A Poisson stream whose rate rises in proportion to time and then halves again and again.
    FlashCrowd {
        /// When it begins.
        at: Time,
        /// The highest rate.
        peak: Rate,
        /// From the beginning to the peak.
        rise: Span,
        /// In which the rate halves after the peak.
        half_life: Span,
    },
    /// A fixed number of submitters, each of which waits for its message before it thinks of the next.
    ClosedLoop {
        /// How many; at least 1.
        submitters: u32,
        /// How long they think.
        think: Latency,
        /// What they wait for before they think.
        awaits: Awaited,
        /// When they begin to think of their first.
        from: Time,
        /// When they stop.
        until: Time,
    },
    /// Recorded rates.
    Profile(Arc<RateProfile>),
}

/// A rate, from when to when, and how it changes meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    /// Messages, not segments, in the unit of a rate; with a curve the mean over a week.
    pub rate: Rate,
    /// When it begins.
    pub from: Time,
    /// When it ends.
    pub until: Time,
    /// How the rate changes over day and week.
    pub curve: Option<Arc<Curve>>,
}

/// A distribution of gaps with mean 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GapLaw {
    /// Gamma of this shape: the coefficient of variation is 1 ÷ √shape.
    Gamma {
        /// The shape, above 0.
        shape: f64,
    },
    /// Weibull of this shape.
    Weibull {
        /// The shape, above 0.
        shape: f64,
        /// The scale that makes the mean 1: 1 ÷ Γ(1 + 1 ÷ shape).
        scale: f64,
    },
}

/// Whether a campaign is announced to the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CampaignNotice {
    /// It is, when it begins: to the detector its volume is no spike.
    Announced,
    /// Nobody knows of it.
    Unannounced,
}

/// What a submitter of a closed loop waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The first dispatch of its message, or that it will not come.
    Dispatch,
    /// The end of its message, whatever that is.
    Completion,
}

/// Recorded rates of one tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct RateProfile {
    /// How long every interval is.
    pub length: Span,
    /// Intervals in order of time; where there is none, nothing arrives.
    pub intervals: Vec<ProfileInterval>,
}

/// One interval of a rate profile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProfileInterval {
    /// When it begins.
    pub start: Time,
    /// How many messages it holds, in parts of [`RateProfile::ONE`].
    pub messages: u128,
    /// The distribution of the gaps within.
    pub gaps: GapLaw,
}

impl RateProfile {
    /// The unit of [`ProfileInterval::messages`].
    pub const ONE: u128 = 1_000_000_000_000_000_000;
}

impl Pace {
    /// When `worked` of its working time has passed; `None` when that is after its end.
    pub fn time_after(&self, worked: Span) -> Option<Time> {
        let time = match &self.curve {
            None => self.from.saturating_add(worked),
            Some(curve) => curve.after(self.from, worked),
        };
        Some(time).filter(|time| *time < self.until)
    }

    /// How many messages it makes, on average.
    pub fn expected_messages(&self) -> f64 {
        let worked = match &self.curve {
            None => self.until.since(self.from),
            Some(curve) => curve.worked(self.from, self.until.max(self.from)),
        };
        self.rate.per_second_f64() * worked.as_seconds_f64()
    }

    fn scaled(&self, factor: f64) -> Pace {
        Pace { rate: scaled_rate(self.rate, factor), ..self.clone() }
    }
}

impl GapLaw {
    /// Gamma gaps of this coefficient of variation, above 0.
    pub fn gamma(cv: f64) -> Self {
        GapLaw::Gamma { shape: 1.0 / (cv * cv) }
    }

    /// Weibull gaps of this coefficient of variation, from 0.01 to 1000.
    ///
    /// With the shape k: cv² + 1 = Γ(1 + 2/k) ÷ Γ(1 + 1/k)², which falls as k grows.
    pub fn weibull(cv: f64) -> Self {
        let wanted = libm::log1p(cv * cv);
        let log_ratio = |k: f64| libm::lgamma(1.0 + 2.0 / k) - 2.0 * libm::lgamma(1.0 + 1.0 / k);
        let (mut low, mut high) = (0.02, 200.0);
        for _ in 0..200 {
            let middle = libm::sqrt(low * high);
            if log_ratio(middle) > wanted { low = middle } else { high = middle }
        }
        let shape = libm::sqrt(low * high);
        GapLaw::Weibull { shape, scale: libm::exp(-libm::lgamma(1.0 + 1.0 / shape)) }
    }
}

impl Arrivals {
    /// How many messages will arrive before `end`, on average; `None` where that depends on how fast
    /// they are served.
    pub fn expected_messages(&self, end: Time) -> Option<f64> {
        Some(match self {
            Arrivals::Constant { pace, .. }
            | Arrivals::Poisson { pace }
            | Arrivals::Renewal { pace, .. } => pace.expected_messages(),
            Arrivals::OnOff { pace, on, off } => {
                let (on, off) = (on.mean_s(), off.mean_s());
                pace.expected_messages() * on / (on + off)
            }
            Arrivals::Campaign { messages, .. } => *messages as f64,
            Arrivals::FlashCrowd { at, peak, rise, half_life } => {
                let (rise, half_life) = (rise.as_seconds_f64(), half_life.as_seconds_f64());
                let left = end.since(*at).as_seconds_f64();
                let risen = left.min(rise);
                let up = if rise > 0.0 { risen * risen / (2.0 * rise) } else { 0.0 };
                let fallen = -libm::expm1(-(left - risen) / half_life * core::f64::consts::LN_2);
                peak.per_second_f64() * (up + half_life / core::f64::consts::LN_2 * fallen)
            }
            Arrivals::ClosedLoop { .. } => return None,
            Arrivals::Profile(profile) => {
                let before = profile.intervals.iter().filter(|interval| interval.start < end);
                before.map(|interval| interval.messages as f64 / RateProfile::ONE as f64).sum()
            }
        })
    }

    /// The same in another size: rates, messages and submitters times `factor`, at least one of each.
    pub fn scaled(&self, factor: f64) -> Arrivals {
        let number = |number: u64| libm::round(number as f64 * factor).max(1.0) as u64;
        match self {
            Arrivals::Constant { pace, staggered } => {
                Arrivals::Constant { pace: pace.scaled(factor), staggered: *staggered }
            }
            Arrivals::Poisson { pace } => Arrivals::Poisson { pace: pace.scaled(factor) },
            Arrivals::Renewal { pace, gaps } => {
                Arrivals::Renewal { pace: pace.scaled(factor), gaps: *gaps }
            }
            Arrivals::OnOff { pace, on, off } => {
                Arrivals::OnOff { pace: pace.scaled(factor), on: *on, off: *off }
            }
            Arrivals::Campaign { at, messages, over, notice } => Arrivals::Campaign {
                at: *at,
                messages: number(*messages),
                over: *over,
                notice: *notice,
            },
            Arrivals::FlashCrowd { at, peak, rise, half_life } => Arrivals::FlashCrowd {
                at: *at,
                peak: scaled_rate(*peak, factor),
                rise: *rise,
                half_life: *half_life,
            },
            Arrivals::ClosedLoop { submitters, think, awaits, from, until } => {
                Arrivals::ClosedLoop {
                    submitters: u32::try_from(number(u64::from(*submitters))).unwrap_or(u32::MAX),
                    think: *think,
                    awaits: *awaits,
                    from: *from,
                    until: *until,
                }
            }
            Arrivals::Profile(profile) => {
                let interval = |interval: &ProfileInterval| ProfileInterval {
                    messages: libm::round(interval.messages as f64 * factor) as u128,
                    ..*interval
                };
                Arrivals::Profile(Arc::new(RateProfile {
                    length: profile.length,
                    intervals: profile.intervals.iter().map(interval).collect(),
                }))
            }
        }
    }
}

/// A rate times a factor, to nine digits, kept within what a rate can be.
fn scaled_rate(rate: Rate, factor: f64) -> Rate {
    let per_second = rate.per_second_f64() * factor;
    // As many seconds as make a numerator of nine digits, within what a rate can state.
    let seconds = libm::floor(1e9 / per_second).clamp(1.0, 1e9);
    let segments = libm::round(per_second * seconds).clamp(1.0, 1e9 * seconds);
    let slowest = Rate::new(1, Rate::LONGEST_INTERVAL).expect("the slowest rate there is");
    let seconds = Span::from_seconds(seconds as u64);
    Rate::new(segments as u64, seconds).unwrap_or(slowest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weibull_gaps_have_the_mean_and_variation_asked_for() {
        for cv in [0.1, 0.5, 1.0, 2.0, 5.0, 60.0] {
            let GapLaw::Weibull { shape, scale } = GapLaw::weibull(cv) else { panic!("a Weibull") };
            let first = scale * libm::tgamma(1.0 + 1.0 / shape);
            let second = libm::exp(2.0 * libm::log(scale) + libm::lgamma(1.0 + 2.0 / shape));
            assert!((first - 1.0).abs() < 1e-9, "{cv}: mean {first}");
            let found = libm::sqrt(second - 1.0);
            assert!((found / cv - 1.0).abs() < 1e-6, "{cv}: {found}");
        }
        let GapLaw::Weibull { shape, .. } = GapLaw::weibull(1.0) else { panic!("a Weibull") };
        assert!((shape - 1.0).abs() < 1e-9, "cv 1 is exponential");
    }

    #[test]
    fn rates_scale_to_nine_digits_over_the_whole_range() {
        let of = |segments, per| Rate::new(segments, Span::from_seconds(per)).expect("valid");
        for (rate, factor) in [(of(3, 1), 0.1), (of(1, 86_400), 0.003), (of(1_000_000, 1), 37.5)] {
            let scaled = scaled_rate(rate, factor).per_second_f64();
            let wanted = rate.per_second_f64() * factor;
            // The longest denominator is a thousand million seconds.
            let rounding = (0.51 / (wanted * 1e9)).max(1e-8);
            assert!((scaled / wanted - 1.0).abs() < rounding, "{wanted} {scaled}");
        }
        assert_eq!(scaled_rate(of(3, 1), 2.0), of(6, 1));
        assert_eq!(scaled_rate(of(1_000_000_000, 1), 2.0), of(1_000_000_000, 1));
        assert!(scaled_rate(of(1, 300_000_000), 1e-6).per_second_f64() > 0.0);
    }
}
