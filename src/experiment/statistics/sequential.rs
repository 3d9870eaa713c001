//! Replicating until the answer is precise enough.

use super::level::Level;
use super::mean::Moments;

/// When to stop replicating.
///
/// The rule looks at n = `first`, `first + step`, … and is content with a metric when its half-width
/// δ(n) = t(n−1; 1−α/2)·S ÷ √n is at most γ′·|Ȳ|, γ′ = γ ÷ (1 + γ). With γ′ instead of γ the mean is off
/// by a part γ of the *true* mean, not of itself (Law, 5th edition, §9.4.1). With several metrics it
/// stops with the slowest, and each has a level of 1 − α ÷ metrics, so that all hold together.
///
/// **Coverage.** To stop at the first lucky moment is to choose the samples whose spread happens to be
/// small: the interval then holds less often than it says. Two things mend it. `first` must not be
/// small. And having been content at n, the rule must stay so at every look over the next f(n)
/// replications, f = `look_ahead` up to n = 100 and `look_ahead`·n ÷ 100 beyond (Hoad, Robinson & Davies,
/// *Journal of the Operational Research Society* 61, 2010); these count in the answer too.
/// `examples/coverage.rs` measures what is left.
///
/// **The same on any number of threads.** Looks are at fixed numbers of replications, and values are
/// given in the order of their replications; what ran beyond the end is left out.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StoppingRule {
    /// Level of all intervals together.
    pub level: Level,
    /// Relative precision γ, for instance 0.02. Law advises at most 0.15: beyond, n is too small for
    /// the rule's arithmetic, which holds for many replications.
    pub relative: f64,
    /// A half-width that is always good enough, in the units of the metrics; 0 for none. A mean near 0
    /// has no relative precision, so without this it runs to the cap.
    pub absolute: f64,
    /// The first look, at least 10.
    pub first: usize,
    /// Replications between looks, at least 1.
    pub step: usize,
    /// No more replications than this: the answer is then *not* precise.
    pub cap: usize,
    /// Replications that must confirm, for n up to 100.
    pub look_ahead: usize,
}

impl StoppingRule {
    /// The rule for a relative precision, with what is recommended for the rest: level 95 %, first look
    /// at 20, every replication looked at, 5 to confirm, at most 1,000.
    pub const fn to_relative_precision(relative: f64) -> Self {
        StoppingRule {
            level: Level::P95,
            relative,
            absolute: 0.0,
            first: 20,
            step: 1,
            cap: 1_000,
            look_ahead: 5,
        }
    }

    /// The level of the interval of each of so many metrics.
    pub fn level_of_each(&self, metrics: usize) -> Level {
        self.level.split(metrics)
    }

    /// What the rule says of these replications; `metrics[m][j]` is the value of metric m in replication j.
    /// Of values beyond the end it takes no notice.
    ///
    /// # Panics
    /// When the metrics have different numbers of replications, there is no metric, `step` is 0, or
    /// `first` is less than 2.
    pub fn decide<S: AsRef<[f64]>>(&self, metrics: &[S]) -> Decision {
        let mut watch = self.watch(metrics.len());
        let replications = metrics.first().map_or(0, |values| values.as_ref().len());
        assert!(
            metrics.iter().all(|values| values.as_ref().len() == replications),
            "every metric has a value in every replication"
        );
        let mut row = vec![0.0; metrics.len()];
        for replication in 0..replications {
            for (value, values) in row.iter_mut().zip(metrics) {
                *value = values.as_ref()[replication];
            }
            let decision = watch.push(&row);
            if !matches!(decision, Decision::More { .. }) {
                return decision;
            }
        }
        watch.decision()
    }

    /// The rule, one replication after another.
    ///
    /// # Panics
    /// When there is no metric, `step` is 0, or `first` is less than 2.
    pub fn watch(&self, metrics: usize) -> Watch {
        assert!(metrics > 0, "nothing to be precise about");
        assert!(
            self.step > 0 && self.first >= 2,
            "a rule that never looks, or too early: {self:?}"
        );
        let look = self.first.min(self.cap);
        Watch {
            rule: *self,
            moments: vec![Moments::default(); metrics],
            is_finite: true,
            content_since: None,
            decision: Decision::More { until: look },
        }
    }
}

/// What a rule says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Go on: the next look is when there are `until` replications.
    More {
        /// How many replications there must be.
        until: usize,
    },
    /// Precise enough with the first `n` replications.
    Precise {
        /// How many count.
        n: usize,
    },
    /// The cap is reached and the answer is not (or not lastingly) precise: inconclusive.
    Capped {
        /// How many count.
        n: usize,
    },
}

/// A rule that watches replications come in, in order.
#[derive(Clone, PartialEq, Debug)]
pub struct Watch {
    rule: StoppingRule,
    moments: Vec<Moments>,
    is_finite: bool,
    content_since: Option<usize>,
    decision: Decision,
}

impl Watch {
    /// Takes in the values of the next replication, one a metric. Once the rule has stopped, nothing
    /// changes. A value that is not finite makes its metric imprecise for good.
    ///
    /// # Panics
    /// When the number of values is not the number of metrics.
    pub fn push(&mut self, values: &[f64]) -> Decision {
        assert_eq!(values.len(), self.moments.len(), "one value a metric");
        let Decision::More { until } = self.decision else { return self.decision };
        for (moments, value) in self.moments.iter_mut().zip(values) {
            moments.push(*value);
        }
        self.is_finite &= values.iter().all(|value| value.is_finite());
        if self.moments[0].n() == until {
            self.decision = self.look(until);
        }
        self.decision
    }

    /// What the rule says now.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    fn look(&mut self, n: usize) -> Decision {
        if self.is_precise(n) {
            let since = *self.content_since.get_or_insert(n);
            if n - since >= self.to_confirm(since) {
                return Decision::Precise { n };
            }
        } else {
            self.content_since = None;
        }
        if n >= self.rule.cap {
            return Decision::Capped { n };
        }
        Decision::More { until: (n + self.rule.step).min(self.rule.cap) }
    }

    /// Replications that must confirm, f(n).
    fn to_confirm(&self, n: usize) -> usize {
        let rule = &self.rule;
        if n <= 100 { rule.look_ahead } else { rule.look_ahead * n / 100 }
    }

    fn is_precise(&self, n: usize) -> bool {
        if !self.is_finite || n < 2 {
            return false;
        }
        let level = self.rule.level_of_each(self.moments.len());
        let degrees = (n - 1) as f64;
        let adjusted = self.rule.relative / (1.0 + self.rule.relative);
        // Standard errors that the target of a metric allows; infinitely many without any spread.
        let allowed = self.moments.iter().map(|moments| {
            let (mean, variance) =
                (moments.mean().unwrap_or(0.0), moments.variance().unwrap_or(0.0));
            let target = (adjusted * mean.abs()).max(self.rule.absolute);
            if variance > 0.0 { target / libm::sqrt(variance / n as f64) } else { f64::INFINITY }
        });
        let fewest = allowed.fold(f64::INFINITY, f64::min);
        // The normal quantile is below Student's and costs little: most looks end here.
        fewest >= level.two_sided_z() && fewest >= level.two_sided_t(degrees)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: StoppingRule = StoppingRule {
        level: Level::P95,
        relative: 0.2,
        absolute: 0.0,
        first: 4,
        step: 1,
        cap: 30,
        look_ahead: 0,
    };

    /// Around 10 with a deviation of 1, so that more of them only make it more precise.
    const VALUES: [f64; 8] = [9.0, 11.0, 9.0, 11.0, 10.0, 10.0, 10.0, 10.0];

    /// Worked by hand: four values have S² = 4/3 and δ = 3.182·√(4/3)/2 = 1.837. That is within 0.2·10, but
    /// not within γ′·10 = 1.667. Five have S = 1 and δ = 2.776/√5 = 1.242.
    #[test]
    fn it_stops_within_the_adjusted_precision() {
        assert_eq!(RULE.decide(&[&VALUES[..3]]), Decision::More { until: 4 });
        assert_eq!(RULE.decide(&[&VALUES[..4]]), Decision::More { until: 5 });
        assert_eq!(RULE.decide(&[&VALUES[..5]]), Decision::Precise { n: 5 });
        // What ran beyond the end is left out, whatever it is.
        let mut more = VALUES;
        more[6] = 1e9;
        assert_eq!(RULE.decide(&[more]), Decision::Precise { n: 5 });
    }

    #[test]
    fn it_must_stay_content_until_confirmed() {
        let rule = StoppingRule { look_ahead: 2, ..RULE };
        assert_eq!(rule.decide(&[&VALUES[..6]]), Decision::More { until: 7 });
        assert_eq!(rule.decide(&[VALUES]), Decision::Precise { n: 7 });
        // A surprise while confirming begins the count again.
        let mut surprised = VALUES.to_vec();
        surprised[5] = 20.0;
        surprised.extend([10.0; 20]);
        assert_eq!(RULE.decide(&[&surprised]), Decision::Precise { n: 5 });
        let unconfirmed = StoppingRule { first: 6, ..RULE }.decide(&[&surprised]);
        let Decision::Precise { n } = unconfirmed else { panic!("{unconfirmed:?}") };
        assert!(n > 8, "{n}");
        assert_eq!(rule.decide(&[surprised]), Decision::Precise { n: n + 2 });
    }

    #[test]
    fn beyond_a_hundred_a_part_must_confirm() {
        let rule = StoppingRule { first: 200, look_ahead: 5, cap: 1_000, ..RULE };
        assert_eq!(rule.decide(&[vec![1.0; 300]]), Decision::Precise { n: 210 });
        let rule = StoppingRule { first: 100, ..rule };
        assert_eq!(rule.decide(&[vec![1.0; 300]]), Decision::Precise { n: 105 });
    }

    #[test]
    fn it_looks_only_at_its_looks() {
        let rule = StoppingRule { step: 3, look_ahead: 1, ..RULE };
        assert_eq!(rule.decide(&[&VALUES[..5]]), Decision::More { until: 7 });
        assert_eq!(rule.decide(&[&VALUES[..7]]), Decision::More { until: 10 });
        assert_eq!(rule.decide(&[vec![10.0; 12]]), Decision::Precise { n: 7 });
    }

    #[test]
    fn a_mean_near_nothing_runs_to_the_cap_unless_a_width_is_good_enough() {
        let around_0: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert_eq!(RULE.decide(&[&around_0]), Decision::Capped { n: 30 });
        // S² = n/(n − 1) for even n: δ(18) = 2.110·1.029/√18 = 0.512, δ(19) = 2.101·1.027/√19 = 0.495.
        let rule = StoppingRule { absolute: 0.5, ..RULE };
        assert_eq!(rule.decide(&[&around_0]), Decision::Precise { n: 19 });
        let infinite = [f64::INFINITY; 40];
        assert_eq!(rule.decide(&[infinite]), Decision::Capped { n: 30 });
        let short = StoppingRule { cap: 2, ..RULE };
        assert_eq!(short.decide(&[[1.0, 2.0, 3.0]]), Decision::Capped { n: 2 });
    }

    #[test]
    fn several_metrics_stop_with_the_slowest_and_share_the_error() {
        let exact = [10.0; 8];
        assert!((RULE.level_of_each(2).get() - 0.975).abs() < 1e-12);
        // At 97.5 % the quantile for five is 3.495, so δ = 1.563 is within 1.667 still; for a precision
        // of 0.18 the target is 1.525, and it takes six: 3.163·√0.8/√6 = 1.155.
        assert_eq!(RULE.decide(&[exact, VALUES]), Decision::Precise { n: 5 });
        let rule = StoppingRule { relative: 0.18, ..RULE };
        assert_eq!(rule.decide(&[VALUES]), Decision::Precise { n: 5 });
        assert_eq!(rule.decide(&[exact, VALUES]), Decision::Precise { n: 6 });
    }

    #[test]
    fn a_watch_that_has_stopped_stays_stopped() {
        let mut watch = RULE.watch(1);
        let decisions: Vec<Decision> = VALUES.iter().map(|value| watch.push(&[*value])).collect();
        assert_eq!(decisions[3], Decision::More { until: 5 });
        assert_eq!(decisions[4..], [Decision::Precise { n: 5 }; 4]);
    }
}
