//! From impact to severity.

use super::Severity;

impl Severity {
    /// The bin of a harmed share of an account's traffic: high from a quarter, medium from a tenth, low
    /// from a fiftieth.
    pub fn of_share(share: f64) -> Severity {
        if share >= 0.25 {
            Severity::High
        } else if share >= 0.1 {
            Severity::Medium
        } else if share >= 0.02 {
            Severity::Low
        } else {
            Severity::None
        }
    }

    /// The bin of an impact in [0, 1]: none below 0.3, low below 0.65, medium below 0.85, high from
    /// there on. For failures alone these are 2, 10 and 25 percentage points above the account's
    /// own rate.
    pub fn of_impact(impact: f64) -> Severity {
        if impact >= 0.85 {
            Severity::High
        } else if impact >= 0.65 {
            Severity::Medium
        } else if impact >= 0.3 {
            Severity::Low
        } else {
            Severity::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_point_belongs_to_the_bin_above_it() {
        let bins = [
            (0.0, Severity::None),
            (0.299, Severity::None),
            (0.3, Severity::Low),
            (0.65, Severity::Medium),
            (0.849, Severity::Medium),
            (0.85, Severity::High),
            (1.0, Severity::High),
        ];
        for (impact, severity) in bins {
            assert_eq!(Severity::of_impact(impact), severity, "{impact}");
        }
        assert_eq!(Severity::of_impact(f64::NAN), Severity::None);
    }
}
