//! Exact rationals on 128-bit integers: reduced, checked, and compared without multiplying.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A reduced fraction with a denominator above zero. Overflow panics: the traces are short enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    pub(crate) const ZERO: Ratio = Ratio { numerator: 0, denominator: 1 };

    /// `numerator ÷ denominator` as a constant; they have no common divisor.
    pub(crate) const fn whole_over(numerator: i128, denominator: i128) -> Self {
        Ratio { numerator, denominator }
    }

    pub(crate) fn new(numerator: i128, denominator: i128) -> Self {
        assert!(denominator != 0, "a fraction has a denominator");
        let divisor = common_divisor(numerator, denominator) * denominator.signum();
        Ratio { numerator: numerator / divisor, denominator: denominator / divisor }
    }

    pub(crate) fn abs(self) -> Self {
        Ratio { numerator: self.numerator.abs(), ..self }
    }

    /// The least whole number that is not smaller.
    /// Rounded down to a multiple of the unit in which tags are kept: of 1/720720 of a segment at weight 1, the
    /// 2^20th part.
    pub(crate) fn rounded_down(self) -> Self {
        const UNITS: i128 = 720_720 << 20;
        Ratio::new(-(-(self * Ratio::new(UNITS, 1))).ceil(), UNITS)
    }

    pub(crate) fn ceil(self) -> i128 {
        -(-self.numerator).div_euclid(self.denominator)
    }

    /// Only to be told.
    pub(crate) fn as_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl From<u64> for Ratio {
    fn from(whole: u64) -> Self {
        Ratio { numerator: i128::from(whole), denominator: 1 }
    }
}

impl Add for Ratio {
    type Output = Ratio;
    fn add(self, other: Ratio) -> Ratio {
        let divisor = common_divisor(self.denominator, other.denominator);
        let (up, down) = (other.denominator / divisor, self.denominator / divisor);
        let sum = self
            .numerator
            .checked_mul(up)
            .zip(other.numerator.checked_mul(down))
            .and_then(|(a, b)| a.checked_add(b))
            .zip(self.denominator.checked_mul(up));
        let (numerator, denominator) = sum.expect("the trace is short enough for 128 bits");
        Ratio::new(numerator, denominator)
    }
}

impl Neg for Ratio {
    type Output = Ratio;
    fn neg(self) -> Ratio {
        Ratio { numerator: -self.numerator, ..self }
    }
}

impl Sub for Ratio {
    type Output = Ratio;
    fn sub(self, other: Ratio) -> Ratio {
        self + -other
    }
}

impl Mul for Ratio {
    type Output = Ratio;
    fn mul(self, other: Ratio) -> Ratio {
        // Crosswise first: the products are then in lowest terms and as small as can be.
        let (a, b) = (
            Ratio::new(self.numerator, other.denominator),
            Ratio::new(other.numerator, self.denominator),
        );
        let product =
            a.numerator.checked_mul(b.numerator).zip(a.denominator.checked_mul(b.denominator));
        let (numerator, denominator) = product.expect("the trace is short enough for 128 bits");
        Ratio { numerator, denominator }
    }
}

impl Div for Ratio {
    type Output = Ratio;
    fn div(self, other: Ratio) -> Ratio {
        self.mul(Ratio::new(other.denominator, other.numerator))
    }
}

impl Ord for Ratio {
    /// By the whole parts, then by the reciprocals of what is left: Euclid's algorithm, which never
    /// leaves the range.
    fn cmp(&self, other: &Ratio) -> Ordering {
        let (mut a, mut b) = (*self, *other);
        let mut turned = false;
        loop {
            let (whole_a, whole_b) =
                (a.numerator.div_euclid(a.denominator), b.numerator.div_euclid(b.denominator));
            let (rest_a, rest_b) =
                (a.numerator.rem_euclid(a.denominator), b.numerator.rem_euclid(b.denominator));
            let order = match (whole_a.cmp(&whole_b), rest_a, rest_b) {
                (Ordering::Equal, 0, _) | (Ordering::Equal, _, 0) => {
                    rest_a.min(1).cmp(&rest_b.min(1))
                }
                (Ordering::Equal, ..) => {
                    a = Ratio { numerator: a.denominator, denominator: rest_a };
                    b = Ratio { numerator: b.denominator, denominator: rest_b };
                    turned = !turned;
                    continue;
                }
                (order, ..) => order,
            };
            return if turned { order.reverse() } else { order };
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Ratio) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Never zero.
fn common_divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        // Most numbers are small, and 64-bit divisions several times faster.
        (a, b) = match (u64::try_from(a), u64::try_from(b)) {
            (Ok(a), Ok(b)) => (u128::from(b), u128::from(a % b)),
            _ => (b, a % b),
        };
    }
    i128::try_from(a.max(1)).expect("a divisor is no larger than what it divides")
}

#[test]
fn arithmetic_and_order_are_exact() {
    let third = Ratio::new(1, 3);
    assert_eq!(third + Ratio::new(-5, -6), Ratio::new(7, 6));
    assert_eq!(third - third, Ratio::ZERO);
    assert_eq!(third * Ratio::new(6, 5) / Ratio::new(-2, 7), Ratio::new(-7, 5));
    assert_eq!(
        (Ratio::new(7, 2).ceil(), Ratio::new(-7, 2).ceil(), Ratio::from(3).ceil()),
        (4, -3, 3)
    );
    assert_eq!(Ratio::new(-3, 9).abs(), third);
    assert_eq!(Ratio::new(-7, 2).as_f64(), -3.5);
    let huge = i128::MAX / 2;
    assert!(Ratio::new(huge, huge - 1) < Ratio::new(huge - 1, huge - 2));
    for (a, b) in (-40_i128..40).flat_map(|a| (1..12).map(move |b| (a, b))) {
        for (c, d) in (-9_i128..9).flat_map(|c| (1..12).map(move |d| (c, d))) {
            assert_eq!(Ratio::new(a, b).cmp(&Ratio::new(c, d)), (a * d).cmp(&(c * b)));
        }
    }
}
