//! What can be abnormal, and what a window says of it.

/// Even when all is harmed a window may show the contrary.
const MOST_HARMED: f64 = 0.98;

/// What can be abnormal, in the order of [`AlertKind`](super::AlertKind).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Failure = 0,
    Up = 1,
    Down = 2,
    Late = 3,
}

impl Kind {
    pub(super) const ALL: [Kind; 4] = [Kind::Failure, Kind::Up, Kind::Down, Kind::Late];

    pub(super) fn is_volume(self) -> bool {
        matches!(self, Kind::Up | Kind::Down)
    }

    /// By how many nats a window is likelier if this share of its traffic is harmed than if none is.
    pub(super) fn nats_of_harm(self, share: f64, expected: f64, seen: f64, traffic: f64) -> f64 {
        let share = share.min(MOST_HARMED);
        let part = |seen: f64, harmed: f64, usual: f64| {
            if seen > 0.0 && usual > 0.0 { seen * libm::log(harmed / usual) } else { 0.0 }
        };
        match self {
            Kind::Failure | Kind::Late => {
                let harmed = expected + (traffic - expected) * share;
                part(seen, harmed, expected)
                    + part(traffic - seen, traffic - harmed, traffic - expected)
            }
            Kind::Up => {
                let harmed = expected / (1.0 - share);
                part(seen, harmed, expected) - harmed + expected
            }
            Kind::Down => {
                let harmed = expected * (1.0 - share);
                part(seen, harmed, expected) - harmed + expected
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_speaks_for_the_harm_that_it_shows_and_against_the_harm_that_it_lacks() {
        // Ten of a hundred are usual, half of the others are harmed: 55 would be expected.
        let nats = |seen| Kind::Failure.nats_of_harm(0.5, 10.0, seen, 100.0);
        let expected = 55.0 * libm::log(5.5) + 45.0 * libm::log(0.5);
        assert!((nats(55.0) - expected).abs() < 1e-9, "{}", nats(55.0));
        assert!(nats(10.0) < -20.0);
        // Half is missing of ten: Poisson.
        let down = |seen| Kind::Down.nats_of_harm(0.5, 10.0, seen, 10.0);
        assert!((down(5.0) - (5.0 - 5.0 * libm::log(2.0))).abs() < 1e-9);
        assert!((down(10.0) - (5.0 - 10.0 * libm::log(2.0))).abs() < 1e-9);
        let up = Kind::Up.nats_of_harm(0.5, 10.0, 20.0, 20.0);
        assert!((up - (20.0 * libm::log(2.0) - 10.0)).abs() < 1e-9);
        // All is harmed, and yet one was not.
        assert!(Kind::Failure.nats_of_harm(1.0, 0.0, 0.0, 1.0) > -5.0);
    }
}
