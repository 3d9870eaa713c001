//! Tags of service divided by weight, exact to the unit.

use super::scoring::TAG_UNITS;
use crate::units::{Segments, Weight};

/// Tag units of one segment at a weight of one millionth.
pub(crate) const UNITS_PER_MILLIONTH: u64 = TAG_UNITS * 1_000_000;

/// Service ÷ weight in units of [`TAG_UNITS`]. The fraction of a unit that a weight leaves is carried
/// to the next charge and never lost, so a tag is off by less than one unit, always.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Tag {
    value: i128,
    weight: u64,
    /// Whole units a segment costs, and what is left over, in `1/weight` units.
    cost: u64,
    cost_remainder: u64,
    /// Fraction of a unit not charged yet, in `1/weight` units.
    carry: u64,
}

impl Tag {
    /// A tag of 0.
    pub(crate) fn new(weight: Weight) -> Self {
        let mut tag = Tag { value: 0, weight: 1, cost: 0, cost_remainder: 0, carry: 0 };
        tag.reweigh(weight);
        tag
    }

    pub(crate) fn value(&self) -> i128 {
        self.value
    }

    /// The weight, in millionths.
    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    pub(crate) fn set(&mut self, value: i128) {
        self.value = value;
        self.carry = 0;
    }

    /// Moves the tag without service; what is carried stays.
    pub(crate) fn move_to(&mut self, value: i128) {
        self.value = value;
    }

    /// Raises the tag to `floor` if it is below.
    pub(crate) fn lift(&mut self, floor: i128) {
        if self.value < floor {
            self.set(floor);
        }
    }

    /// What the tag will be after `segments` more.
    pub(crate) fn after(&self, segments: Segments) -> i128 {
        let mut after = *self;
        after.charge(segments);
        after.value
    }

    pub(crate) fn charge(&mut self, segments: Segments) {
        self.charge_all(segments.get());
    }

    /// The same for several messages together.
    pub(crate) fn charge_all(&mut self, segments: u64) {
        self.value += i128::from(self.cost) * i128::from(segments);
        if self.cost_remainder != 0 {
            let weight = u128::from(self.weight);
            let fraction =
                u128::from(self.cost_remainder) * u128::from(segments) + u128::from(self.carry);
            self.value += (fraction / weight) as i128;
            self.carry = (fraction % weight) as u64;
        }
    }

    /// Takes a charge back, to the unit.
    pub(crate) fn refund(&mut self, segments: Segments) {
        self.refund_all(segments.get());
    }

    /// The same for several messages together.
    pub(crate) fn refund_all(&mut self, segments: u64) {
        self.value -= i128::from(self.cost) * i128::from(segments);
        if self.cost_remainder != 0 {
            let weight = i128::from(self.weight);
            let fraction =
                i128::from(self.carry) - i128::from(self.cost_remainder) * i128::from(segments);
            self.value += fraction.div_euclid(weight);
            self.carry = fraction.rem_euclid(weight) as u64;
        }
    }

    /// Later service is divided by another weight.
    pub(crate) fn reweigh(&mut self, weight: Weight) {
        self.weight = weight.millionths();
        self.cost = UNITS_PER_MILLIONTH / self.weight;
        self.cost_remainder = UNITS_PER_MILLIONTH % self.weight;
        self.carry = 0;
    }
}

/// What an attempt was charged and did not use.
pub(crate) fn unused(charged: Segments, used: Segments) -> Option<Segments> {
    charged.0.checked_sub(used.0).filter(|back| *back > 0).map(Segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_of_an_odd_weight_add_up_exactly() {
        let weight = Weight::whole(17).expect("valid");
        let mut tag = Tag::new(weight);
        for _ in 0..17_000 {
            tag.charge(Segments(3));
        }
        assert_eq!(tag.value(), i128::from(TAG_UNITS) * 3_000);
        assert_eq!(tag.after(Segments(17)), i128::from(TAG_UNITS) * 3_001);
        for _ in 0..51_000 {
            tag.refund(Segments(1));
        }
        assert_eq!((tag.value(), tag.carry), (0, 0));
    }

    #[test]
    fn only_what_was_not_used_comes_back() {
        assert_eq!(unused(Segments(3), Segments(1)), Some(Segments(2)));
        assert_eq!(unused(Segments(3), Segments(3)), None);
        assert_eq!(unused(Segments(3), Segments(4)), None);
    }
}
