//! The shape of a day, from means of its hours that are only known as well as counts tell them.

pub(super) const HOURS: usize = 24;

/// The second-degree polynomial through seven hours, at the middle one (Savitzky and Golay 1964): the hour
/// itself, and those one to three hours away. A peak or a trough keeps its height.
const WEIGHTS: [f64; 4] = [7.0 / 21.0, 6.0 / 21.0, 3.0 / 21.0, -2.0 / 21.0];
/// The share of an hour's noise that is left in the polynomial: the sum of the squares of the weights.
const LEFT: f64 = WEIGHTS[0];

/// What is believed of the hours of a day.
///
/// An hour's own mean, the smooth day through its neighbours, and the mean of all hours are three guesses, each
/// less noisy and less detailed than the one before. How far each is believed beyond the next is what James
/// and Stein (1961) say: by how much they are further apart than noise would have them. A day of which
/// nothing is known but chance is flat; one with a silent night keeps it.
pub(super) struct Day {
    hours: [f64; HOURS],
    smooth: [f64; HOURS],
    mean: f64,
    /// How far the smooth day is believed beyond the mean, and the hours beyond the smooth day.
    shape: f64,
    detail: f64,
}

impl Day {
    /// From the means of the hours and the variance that a mean of such a size has from chance.
    pub(super) fn new(hours: [f64; HOURS], noise: impl Fn(f64) -> f64) -> Day {
        let mean = hours.iter().sum::<f64>() / HOURS as f64;
        let smooth: [f64; HOURS] = core::array::from_fn(|hour| {
            let around = |apart: usize| {
                let pair = hours[(hour + apart) % HOURS] + hours[(hour + HOURS - apart) % HOURS];
                WEIGHTS[apart] * pair
            };
            (WEIGHTS[0] * hours[hour] + around(1) + around(2) + around(3)).max(0.0)
        });
        let (mut of_detail, mut of_shape) = (0.0, 0.0);
        let of_mean = noise(mean);
        for (own, smooth) in hours.iter().zip(smooth) {
            // A trough of nothing at all would make a single message a proof.
            let least = 0.1 * mean;
            of_detail += (own - smooth) * (own - smooth) / noise(smooth.max(least));
            of_shape += (smooth - mean) * (smooth - mean) / of_mean;
        }
        let believed = |distance: f64, by_chance: f64| {
            if distance > by_chance { 1.0 - by_chance / distance } else { 0.0 }
        };
        Day {
            hours,
            smooth,
            mean,
            shape: believed(of_shape, HOURS as f64 * LEFT),
            detail: believed(of_detail, HOURS as f64 * (1.0 - LEFT)),
        }
    }

    /// The mean that is believed of an hour.
    pub(super) fn of(&self, hour: usize) -> f64 {
        let Day { hours, smooth, mean, shape, detail } = self;
        let believed = mean + shape * (smooth[hour] - mean) + detail * (hours[hour] - smooth[hour]);
        believed.max(0.0)
    }

    /// The share of the variance of an hour's own mean that what is believed of it has.
    pub(super) fn variance_left(&self) -> f64 {
        1.0 / HOURS as f64 + self.shape * LEFT + self.detail * (1.0 - LEFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day whose hours were measured without any error but are believed to have this much.
    fn day(of: impl Fn(usize) -> f64, variance: f64) -> Day {
        Day::new(core::array::from_fn(of), |_| variance)
    }

    #[test]
    fn what_chance_explains_is_flat_and_the_mean_of_all_hours_is_known_best() {
        let found = day(|hour| if hour % 2 == 0 { 4.0 } else { 6.0 }, 4.0);
        assert!((0..HOURS).all(|hour| (found.of(hour) - 5.0).abs() < 1e-12));
        assert!((found.variance_left() - 1.0 / 24.0).abs() < 1e-12);
    }

    #[test]
    fn a_smooth_day_keeps_its_height_and_a_third_of_the_variance() {
        let wave = |hour: usize| {
            5.0 + 4.0 * libm::cos(core::f64::consts::TAU * hour as f64 / HOURS as f64)
        };
        let found = day(wave, 0.01);
        for hour in 0..HOURS {
            assert!((found.of(hour) - wave(hour)).abs() < 0.05, "{hour}: {}", found.of(hour));
        }
        assert!((found.variance_left() - (1.0 / 24.0 + 1.0 / 3.0)).abs() < 0.01);
    }

    #[test]
    fn one_hour_that_stands_out_by_more_than_chance_is_believed() {
        let found = day(|hour| if hour == 9 { 100.0 } else { 1.0 }, 0.01);
        assert!(found.of(9) > 99.0 && found.of(8) < 2.0, "{} {}", found.of(9), found.of(8));
        assert!(found.variance_left() > 1.0);
    }

    #[test]
    fn one_message_in_a_silent_night_is_no_proof_of_detail() {
        let hours = core::array::from_fn(|hour| match hour {
            4 => 0.05,
            2..=6 => 0.0,
            _ => 1.0,
        });
        let found = Day::new(hours, |mean| mean / 5.0);
        assert!(found.variance_left() < 1.0 / 24.0 + LEFT + 1e-9, "{}", found.variance_left());
    }

    #[test]
    fn less_than_nothing_is_expected_of_no_hour() {
        // The detail is believed and the shape is not: peaks every third hour.
        let hours = core::array::from_fn(|hour| if hour % 3 == 0 { 30.0 } else { 0.0 });
        let found = Day::new(hours, |mean| mean * (1.0 + 3.0 * mean) / 12.0);
        assert!((0..HOURS).all(|hour| found.of(hour) >= 0.0), "{:?}", [1, 2].map(|h| found.of(h)));
        assert!(found.of(0) > 10.0);
    }

    #[test]
    fn nothing_at_all_is_nothing() {
        let found = day(|_| 0.0, 1.0);
        assert_eq!((found.of(3), found.variance_left()), (0.0, 1.0 / 24.0));
    }
}
