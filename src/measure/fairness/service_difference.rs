//! How far somebody who asks is behind the tenant that got most.

/// What a tenant got and asked for in a window, in seconds of its guaranteed rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Normalised {
    pub(super) sent_s: f64,
    pub(super) asked_s: f64,
}

/// The service difference over the windows of one destination.
///
/// Of a window it is max over j of min(the most service − service of j, asked by j − service of j), so that
/// who asked little is nobody's victim (Sheng et al., VTC, OSDI 2024, section 5.1; they take 60 s windows, here
/// they are the scenario's). Service is segments dispatched ÷ guaranteed rate. Windows in which fewer than two
/// tenants asked for something have none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ServiceDifference {
    windows: u64,
    sum_s: f64,
    sum_of_squares_s2: f64,
    max_s: f64,
}

impl ServiceDifference {
    pub(super) fn add(&mut self, tenants: impl Iterator<Item = Normalised> + Clone) {
        let asking = tenants.filter(|tenant| tenant.asked_s > 0.0);
        if asking.clone().count() < 2 {
            return;
        }
        let most = asking.clone().map(|tenant| tenant.sent_s).fold(0.0, f64::max);
        let behind = |it: Normalised| (most - it.sent_s).min(it.asked_s - it.sent_s);
        self.add_difference(asking.map(behind).fold(0.0, f64::max));
    }

    /// Adds the windows of another destination.
    pub fn merge(&mut self, other: &ServiceDifference) {
        self.windows += other.windows;
        self.sum_s += other.sum_s;
        self.sum_of_squares_s2 += other.sum_of_squares_s2;
        self.max_s = self.max_s.max(other.max_s);
    }

    /// The largest of a window, seconds.
    pub fn max_s(&self) -> Option<f64> {
        (self.windows > 0).then_some(self.max_s)
    }

    /// The mean over windows, seconds.
    pub fn mean_s(&self) -> Option<f64> {
        (self.windows > 0).then(|| self.sum_s / self.windows as f64)
    }

    /// The standard deviation over windows, seconds: the root of the variance that VTC reports.
    pub fn deviation_s(&self) -> Option<f64> {
        let mean = self.mean_s()?;
        Some((self.sum_of_squares_s2 / self.windows as f64 - mean * mean).max(0.0).sqrt())
    }

    fn add_difference(&mut self, difference_s: f64) {
        self.windows += 1;
        self.sum_s += difference_s;
        self.sum_of_squares_s2 += difference_s * difference_s;
        self.max_s = self.max_s.max(difference_s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(windows: &[&[(f64, f64)]]) -> [Option<f64>; 3] {
        let mut all = ServiceDifference::default();
        for window in windows {
            all.add(
                window
                    .iter()
                    .map(|(sent_s, asked_s)| Normalised { sent_s: *sent_s, asked_s: *asked_s }),
            );
        }
        [all.max_s(), all.mean_s(), all.deviation_s()]
    }

    #[test]
    fn worked_by_hand() {
        // The second lacks 6 of what the first got, and asked for 5 more; the third asked for no more.
        assert_eq!(of(&[&[(10.0, 90.0), (4.0, 9.0), (1.0, 1.0)]]), [5.0, 5.0, 0.0].map(Some));
        // Differences of 1 and 3.
        let windows: [&[(f64, f64)]; 2] = [&[(4.0, 9.0), (3.0, 9.0)], &[(4.0, 9.0), (1.0, 9.0)]];
        assert_eq!(of(&windows), [3.0, 2.0, 1.0].map(Some));
    }

    #[test]
    fn nobody_is_behind_alone() {
        assert_eq!(of(&[&[(4.0, 9.0)], &[(4.0, 9.0), (0.0, 0.0)]]), [None; 3]);
    }
}
