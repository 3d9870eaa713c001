//! Sobol' sequences with the direction numbers of Joe and Kuo, shifted at random.
//!
//! Any 2ᵏ points that begin at a multiple of 2ᵏ put one point into each of the 2ᵏ equal parts of every
//! axis, and spread evenly over pairs of axes. Sources: Sobol' (1967); Joe and Kuo, *SIAM Journal on
//! Scientific Computing* 30 (2008), file new-joe-kuo-6.21201. The shift adds the same random bits,
//! without carry, to all points: it keeps that property and makes the sequence a random one.

/// Axes that there are direction numbers for.
pub const MOST_DIMENSIONS: usize = NUMBERS.len() + 1;

const BITS: u32 = 32;

/// Of dimension 2 and on: the inner coefficients of a primitive polynomial over two elements, as bits,
/// and the first direction numbers, as many as its degree.
#[rustfmt::skip]
const NUMBERS: [(u32, &[u32]); 31] = [
    (0, &[1]),
    (1, &[1, 3]),
    (1, &[1, 3, 1]),
    (2, &[1, 1, 1]),
    (1, &[1, 1, 3, 3]),
    (4, &[1, 3, 5, 13]),
    (2, &[1, 1, 5, 5, 17]),
    (4, &[1, 1, 5, 5, 5]),
    (7, &[1, 1, 7, 11, 19]),
    (11, &[1, 1, 5, 1, 1]),
    (13, &[1, 1, 1, 3, 11]),
    (14, &[1, 3, 5, 5, 31]),
    (1, &[1, 3, 3, 9, 7, 49]),
    (13, &[1, 1, 1, 15, 21, 21]),
    (16, &[1, 3, 1, 13, 27, 49]),
    (19, &[1, 1, 1, 15, 7, 5]),
    (22, &[1, 3, 1, 15, 13, 25]),
    (25, &[1, 1, 5, 5, 19, 61]),
    (1, &[1, 3, 7, 11, 23, 15, 103]),
    (4, &[1, 3, 7, 13, 13, 15, 69]),
    (7, &[1, 1, 3, 13, 7, 35, 63]),
    (8, &[1, 3, 5, 9, 1, 25, 53]),
    (14, &[1, 3, 1, 13, 9, 35, 107]),
    (19, &[1, 3, 1, 5, 27, 61, 31]),
    (21, &[1, 1, 5, 11, 19, 41, 61]),
    (28, &[1, 3, 5, 3, 3, 13, 69]),
    (31, &[1, 1, 7, 13, 1, 19, 1]),
    (32, &[1, 3, 7, 5, 13, 19, 59]),
    (37, &[1, 1, 3, 9, 25, 29, 41]),
    (41, &[1, 3, 5, 13, 23, 1, 55]),
    (42, &[1, 3, 7, 3, 13, 59, 17]),
];

/// One axis of the sequence.
#[derive(Clone, Debug)]
pub(super) struct Dimension {
    directions: [u32; BITS as usize],
    shift: u32,
}

impl Dimension {
    /// Axis `index`, from 0, with its random shift.
    ///
    /// # Panics
    /// When there are no direction numbers for it: see [`MOST_DIMENSIONS`].
    pub(super) fn new(index: usize, shift: u32) -> Self {
        let mut directions = [0_u32; BITS as usize];
        let Some(before) = index.checked_sub(1) else {
            for (bit, direction) in directions.iter_mut().enumerate() {
                *direction = 1 << (BITS - 1 - bit as u32);
            }
            return Dimension { directions, shift };
        };
        let (coefficients, first) = NUMBERS[before];
        let degree = first.len();
        for bit in 0..BITS as usize {
            directions[bit] = match first.get(bit) {
                Some(number) => number << (BITS - 1 - bit as u32),
                None => {
                    let oldest = directions[bit - degree];
                    let mut direction = oldest ^ (oldest >> degree);
                    for back in 1..degree {
                        let coefficient = coefficients >> (degree - 1 - back) & 1;
                        direction ^= coefficient * directions[bit - back];
                    }
                    direction
                }
            };
        }
        Dimension { directions, shift }
    }

    /// Point `index`, in [0, 1).
    pub(super) fn at(&self, index: u32) -> f64 {
        // In the order of Gray's code neighbouring points differ in one direction; the set of the first
        // 2^k is the same, and any point can be had by itself.
        let gray = index ^ (index >> 1);
        let directions = self.directions.iter().enumerate();
        let chosen = directions.filter(|(bit, _)| gray >> bit & 1 == 1);
        let bits = chosen.fold(self.shift, |bits, (_, direction)| bits ^ direction);
        f64::from(bits) / 4_294_967_296.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_points_are_those_of_the_literature() {
        let of = |dimension| (0..8).map(|i| Dimension::new(dimension, 0).at(i)).collect::<Vec<_>>();
        assert_eq!(of(0), [0.0, 0.5, 0.75, 0.25, 0.375, 0.875, 0.625, 0.125]);
        assert_eq!(of(1), [0.0, 0.5, 0.25, 0.75, 0.375, 0.875, 0.125, 0.625]);
        assert_eq!(of(2), [0.0, 0.5, 0.25, 0.75, 0.625, 0.125, 0.875, 0.375]);
    }

    #[test]
    fn every_axis_has_one_point_in_each_part_shifted_or_not() {
        for dimension in 0..MOST_DIMENSIONS {
            for shift in [0, 0x9e37_79b9] {
                let axis = Dimension::new(dimension, shift);
                for (start, count) in [(0_u32, 256_u32), (768, 256), (64, 64)] {
                    let mut parts: Vec<u32> = (start..start + count)
                        .map(|index| (axis.at(index) * f64::from(count)) as u32)
                        .collect();
                    parts.sort_unstable();
                    assert_eq!(parts, (0..count).collect::<Vec<_>>(), "axis {dimension}");
                }
            }
        }
    }

    #[test]
    fn no_two_axes_are_the_same() {
        let axes: Vec<Vec<u32>> = (0..MOST_DIMENSIONS)
            .map(|dimension| {
                let axis = Dimension::new(dimension, 0);
                (0..128).map(|index| (axis.at(index) * 128.0) as u32).collect()
            })
            .collect();
        for (index, axis) in axes.iter().enumerate() {
            assert!(!axes[..index].contains(axis), "axis {index}");
        }
    }
}
