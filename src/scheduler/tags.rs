//! Tags of service divided by weight, exact to the unit.

use core::cmp::Ordering;

use super::scoring::TAG_UNITS;
use crate::units::{Segments, Weight};

/// Tag units of one segment at a weight of one millionth.
pub(crate) const UNITS_PER_MILLIONTH: u64 = TAG_UNITS * 1_000_000;

/// A number of units, kept as its two halves: a million tags need no more alignment than those do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Units {
    high: i64,
    low: u64,
}

impl Units {
    #[inline]
    fn new(units: i128) -> Self {
        Units { high: (units >> 64) as i64, low: units as u64 }
    }

    #[inline]
    fn get(self) -> i128 {
        i128::from(self.high) << 64 | i128::from(self.low)
    }
}

/// Key of a child among its siblings: a tag, then the keyed order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct TagKey {
    tag: Units,
    tie: u64,
}

impl TagKey {
    pub(crate) fn new(tag: i128, tie: u64) -> Self {
        TagKey { tag: Units::new(tag), tie }
    }

    pub(crate) fn tag(self) -> i128 {
        self.tag.get()
    }
}

impl PartialOrd for TagKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }

    /// A heap asks nothing else, hundreds of times a message; this way there is nothing to guess for the
    /// processor. No tag is near the end of its range: that would be 10²⁰ segments at the smallest weight.
    #[inline]
    fn lt(&self, other: &Self) -> bool {
        self.tag().wrapping_sub(i128::from(self.tie < other.tie)) < other.tag()
    }

    #[inline]
    fn le(&self, other: &Self) -> bool {
        !other.lt(self)
    }

    #[inline]
    fn ge(&self, other: &Self) -> bool {
        !self.lt(other)
    }
}

impl Ord for TagKey {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.tag(), self.tie).cmp(&(other.tag(), other.tie))
    }
}

/// Service ÷ weight in units of [`TAG_UNITS`]. The fraction of a unit that a weight leaves is carried
/// to the next charge and never lost, so a tag is off by less than one unit, always.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Tag {
    value: Units,
    weight: u64,
    /// Whole units a segment costs.
    cost: u64,
    /// Fraction of a unit not charged yet, in `1/weight` units.
    carry: u64,
}

impl Tag {
    /// A tag of 0.
    pub(crate) fn new(weight: Weight) -> Self {
        let weight = weight.millionths();
        Tag { value: Units::new(0), weight, cost: UNITS_PER_MILLIONTH / weight, carry: 0 }
    }

    #[inline]
    pub(crate) fn value(&self) -> i128 {
        self.value.get()
    }

    /// What the whole units of a segment's cost leave over, in `1/weight` units.
    #[inline]
    fn cost_remainder(&self) -> u64 {
        UNITS_PER_MILLIONTH - self.cost * self.weight
    }

    /// The weight, in millionths.
    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    pub(crate) fn set(&mut self, value: i128) {
        self.move_to(value);
        self.carry = 0;
    }

    /// Moves the tag without service; what is carried stays.
    #[inline]
    pub(crate) fn move_to(&mut self, value: i128) {
        self.value = Units::new(value);
    }

    /// Raises the tag to `floor` if it is below.
    pub(crate) fn lift(&mut self, floor: i128) {
        if self.value() < floor {
            self.set(floor);
        }
    }

    /// What the tag will be after `segments` more.
    pub(crate) fn after(&self, segments: Segments) -> i128 {
        let mut after = *self;
        after.charge(segments);
        after.value()
    }

    pub(crate) fn charge(&mut self, segments: Segments) {
        self.charge_all(segments.get());
    }

    /// The same for several messages together.
    #[inline]
    pub(crate) fn charge_all(&mut self, segments: u64) {
        let whole = u128::from(self.cost) * u128::from(segments);
        let mut value = self.value() + whole as i128;
        let remainder = self.cost_remainder();
        if remainder != 0 {
            let weight = u128::from(self.weight);
            let fraction = u128::from(remainder) * u128::from(segments) + u128::from(self.carry);
            value += (fraction / weight) as i128;
            self.carry = (fraction % weight) as u64;
        }
        self.move_to(value);
    }

    /// Takes a charge back, to the unit.
    pub(crate) fn refund(&mut self, segments: Segments) {
        self.refund_all(segments.get());
    }

    /// The same for several messages together.
    pub(crate) fn refund_all(&mut self, segments: u64) {
        let mut value = self.value() - i128::from(self.cost) * i128::from(segments);
        let remainder = self.cost_remainder();
        if remainder != 0 {
            let weight = i128::from(self.weight);
            let fraction = i128::from(self.carry) - i128::from(remainder) * i128::from(segments);
            value += fraction.div_euclid(weight);
            self.carry = fraction.rem_euclid(weight) as u64;
        }
        self.move_to(value);
    }

    /// Service is divided by another weight from now on, and so is what the tag is ahead of `origin`: what
    /// is owed (or was missed) is a number of segments, and stays that, to the fraction of a unit.
    pub(crate) fn reweigh_from(&mut self, origin: i128, weight: Weight) {
        let (old, new) = (i128::from(self.weight), i128::from(weight.millionths()));
        let distance = self.value() - origin;
        // Whole multiples first: the product of a long distance and a large weight may not fit.
        let (whole, part) = (distance.div_euclid(new), distance.rem_euclid(new));
        let rest = part * old + i128::from(self.carry);
        let stretched = whole.saturating_mul(old).saturating_add(rest / new);
        self.reweigh(weight);
        self.move_to(origin.saturating_add(stretched));
        self.carry = (rest % new) as u64;
    }

    /// Later service is divided by another weight.
    pub(crate) fn reweigh(&mut self, weight: Weight) {
        self.weight = weight.millionths();
        self.cost = UNITS_PER_MILLIONTH / self.weight;
        self.carry = 0;
    }
}

/// How far tags are ahead of `origin`, each times its weight, and the sum of the weights, of pairs of the two.
pub(crate) fn ahead_of(origin: i128, tags: impl Iterator<Item = (i128, u64)>) -> (i128, i128) {
    tags.fold((0_i128, 0_i128), |(ahead, weights), (tag, weight)| {
        let weight = i128::from(weight);
        // Tags grow for ever, their distances do not.
        (ahead.saturating_add((tag - origin).saturating_mul(weight)), weights + weight)
    })
}

/// The mean of tags by weight, rounded down to a unit, told from `origin`; `origin` where there are none.
pub(crate) fn mean<'a>(origin: i128, tags: impl Iterator<Item = &'a Tag>) -> i128 {
    let (ahead, weights) = ahead_of(origin, tags.map(|tag| (tag.value(), tag.weight())));
    if weights == 0 { origin } else { origin + ahead.div_euclid(weights) }
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
    fn what_is_owed_stays_the_same_number_of_segments_at_another_weight() {
        let weight = |weight| Weight::whole(weight).expect("valid");
        let segment = i128::from(TAG_UNITS);
        for (sign, old, new) in [(1, 1, 10), (1, 12, 5), (-1, 1, 10), (-1, 12, 5), (1, 7, 7)] {
            let mut tag = Tag::new(weight(old));
            tag.set(5 * segment + sign * 60 * segment / i128::from(old));
            tag.reweigh_from(5 * segment, weight(new));
            assert_eq!(tag.value(), 5 * segment + sign * 60 * segment / i128::from(new));
            let before = tag.value();
            tag.charge(Segments(new));
            assert_eq!(tag.value() - before, segment, "later service is at the new weight");
        }
        // Not even a fraction of a unit is lost: a hundred segments at a weight that divides nothing are a
        // hundred at another, and back.
        let odd = |weight| Weight::from_millionths(weight).expect("valid");
        let mut tag = Tag::new(odd(999_999_999_989));
        tag.charge(Segments(100));
        tag.reweigh_from(0, odd(17));
        assert_eq!(tag.value(), i128::from(UNITS_PER_MILLIONTH) * 100 / 17);
        tag.reweigh_from(0, odd(999_999_999_989));
        tag.refund(Segments(100));
        assert_eq!((tag.value(), tag.carry), (0, 0));
        // Too long a distance stays beyond all others.
        let mut tag = Tag::new(weight(1_000_000));
        tag.set(i128::MIN / 2);
        tag.reweigh_from(0, Weight::from_millionths(1).expect("valid"));
        assert_eq!(tag.value(), i128::MIN);
    }

    #[test]
    fn keys_are_in_the_order_of_their_tags_and_then_of_their_ties() {
        let tags = [-1, 0, 1, i128::from(u64::MAX), 1 << 64, -(1 << 64), 1 << 100, -(1 << 100)];
        let ties = [0, 1, u64::MAX];
        let all = || tags.iter().flat_map(|tag| ties.iter().map(|tie| (*tag, *tie)));
        for (one, other) in all().flat_map(|one| all().map(move |other| (one, other))) {
            let [key, other_key] = [one, other].map(|(tag, tie)| TagKey::new(tag, tie));
            assert_eq!(key < other_key, one < other, "{one:?} {other:?}");
            assert_eq!(key >= other_key, one >= other, "{one:?} {other:?}");
            assert_eq!(key.cmp(&other_key), one.cmp(&other), "{one:?} {other:?}");
            assert_eq!(key.tag(), one.0);
        }
    }

    #[test]
    fn only_what_was_not_used_comes_back() {
        assert_eq!(unused(Segments(3), Segments(1)), Some(Segments(2)));
        assert_eq!(unused(Segments(3), Segments(3)), None);
        assert_eq!(unused(Segments(3), Segments(4)), None);
    }
}
