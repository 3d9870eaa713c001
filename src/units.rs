//! Identities, message sizes, weights and exact rates.

use core::fmt;
use core::num::NonZeroU64;

use crate::time::Span;

macro_rules! identity {
    ($(#[$doc:meta] $name:ident($inner:ty);)*) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        #[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub $inner);

        impl $name {
            /// The identity as an index into a dense table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

identity! {
    /// A destination: dense, in the order of declaration.
    DestinationId(u16);
    /// A tenant set (organisation or plan tier): dense.
    TenantSetId(u32);
    /// A tenant: dense, the same number in every lane.
    TenantId(u32);
    /// A class of service: dense.
    ClassId(u16);
    /// A sender (phone number or short code) of some tenant: dense over all tenants.
    SenderId(u32);
    /// A campaign: messages that are paused, withdrawn or hurried together. Numbered as one likes.
    CampaignId(u32);
    /// A session (bind) of one destination: dense.
    SessionId(u16);
    /// A message, numbered in order of submission.
    MessageId(u64);
    /// A queue of one lane. Reused after the queue was reclaimed.
    QueueId(u32);
}

/// A number of message segments. Quotas, shares and fairness count segments.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Segments(pub u32);

impl Segments {
    /// The number as a wide integer, for sums.
    pub const fn get(self) -> u64 {
        self.0 as u64
    }
}

/// An exact rate: a rational number of segments a nanosecond, in lowest terms.
///
/// Three segments a second is not a whole number of nanoseconds a segment, so a rate is kept as
/// `segments` per `per` and never rounded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Rate {
    segments: NonZeroU64,
    per: NonZeroU64,
}

impl Rate {
    /// The most segments a second that a rate may stand for; it keeps exact products inside 128 bits.
    pub const MOST_PER_SECOND: u64 = 1_000_000_000;
    /// The longest interval a single segment may be spread over: ten years.
    pub const LONGEST_INTERVAL: Span = Span::from_seconds(10 * 366 * 86_400);

    /// `segments` in every span of `per`, or `None` when that is nothing, above
    /// [`Rate::MOST_PER_SECOND`], or less than one segment in [`Rate::LONGEST_INTERVAL`].
    pub fn new(segments: u64, per: Span) -> Option<Self> {
        let divisor = greatest_common_divisor(segments, per.as_nanoseconds());
        let segments = NonZeroU64::new(segments.checked_div(divisor)?)?;
        let per = NonZeroU64::new(per.as_nanoseconds().checked_div(divisor)?)?;
        let most = u128::from(Self::MOST_PER_SECOND) * u128::from(per.get());
        let too_fast = u128::from(segments.get()) * 1_000_000_000 > most;
        let longest = u128::from(Self::LONGEST_INTERVAL.as_nanoseconds());
        let too_slow = u128::from(per.get()) > longest * u128::from(segments.get());
        let too_fine = segments.get() > 1 << 50 || per.get() > 1 << 60;
        (!too_fast && !too_slow && !too_fine).then_some(Rate { segments, per })
    }

    /// `segments` a second.
    pub fn per_second(segments: u64) -> Option<Self> {
        Self::new(segments, Span::from_seconds(1))
    }

    /// Numerator: segments in every [`Rate::per`].
    pub const fn segments(self) -> u64 {
        self.segments.get()
    }

    /// Denominator.
    pub const fn per(self) -> Span {
        Span::from_nanoseconds(self.per.get())
    }

    /// Whole segments that the rate yields in `span`, rounded down.
    pub fn whole_segments_in(self, span: Span) -> u64 {
        let product = u128::from(span.as_nanoseconds()) * u128::from(self.segments.get());
        u64::try_from(product / u128::from(self.per.get())).unwrap_or(u64::MAX)
    }

    /// The shortest span that yields `segments`, rounded up to a nanosecond.
    pub fn span_of(self, segments: u64) -> Span {
        let product = u128::from(segments) * u128::from(self.per.get());
        let nanoseconds = product.div_ceil(u128::from(self.segments.get()));
        Span::from_nanoseconds(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// Whether `span` yields so many segments: whether it is no shorter than [`Rate::span_of`] them.
    pub fn yields(self, segments: u64, span: Span) -> bool {
        u128::from(segments) * u128::from(self.per.get())
            <= u128::from(span.as_nanoseconds()) * u128::from(self.segments.get())
    }

    /// Segments a second, for figures only.
    pub fn per_second_f64(self) -> f64 {
        self.segments.get() as f64 * 1e9 / self.per.get() as f64
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.per_second_f64())
    }
}

/// A quota or cap: a rate, and the burst (in segments, at least 1) that may go at once after a pause.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Quota {
    /// The sustained rate.
    pub rate: Rate,
    /// Segments that may go at once; at least 1.
    pub burst: u64,
}

/// A relative weight in millionths: between one millionth and one million.
///
/// A weight is an integer so that shares are compared exactly; `Weight::whole(3)` is three times
/// `Weight::ONE`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Weight(NonZeroU64);

impl Weight {
    /// The weight of whatever states none.
    pub const ONE: Weight = Weight(NonZeroU64::new(1_000_000).expect("a constant above zero"));

    /// `millionths` ÷ 1,000,000, or `None` outside one millionth to one million.
    pub const fn from_millionths(millionths: u64) -> Option<Self> {
        match NonZeroU64::new(millionths) {
            Some(inner) if millionths <= 1_000_000_000_000 => Some(Weight(inner)),
            _ => None,
        }
    }

    /// A whole weight, or `None` outside 1 to 1,000,000.
    pub const fn whole(weight: u32) -> Option<Self> {
        Self::from_millionths(weight as u64 * 1_000_000)
    }

    /// The weight in millionths.
    pub const fn millionths(self) -> u64 {
        self.0.get()
    }

    /// The product of two weights, kept inside the range of weights.
    pub fn times(self, other: Weight) -> Weight {
        let product = u128::from(self.millionths()) * u128::from(other.millionths()) / 1_000_000;
        let inside = u64::try_from(product).unwrap_or(u64::MAX).clamp(1, 1_000_000_000_000);
        Weight(NonZeroU64::new(inside).expect("clamped to at least one"))
    }

    /// The weight as a number, for figures only.
    pub fn as_f64(self) -> f64 {
        self.millionths() as f64 / 1e6
    }
}

impl Default for Weight {
    fn default() -> Self {
        Weight::ONE
    }
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A well-mixed 64-bit value of `x`: the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
///
/// It serves where a fixed scattering of identities is wanted: tie orders and retry jitter.
pub const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_exact_and_in_lowest_terms() {
        let rate = Rate::new(30, Span::from_seconds(10)).expect("valid");
        assert_eq!((rate.segments(), rate.per().as_nanoseconds()), (3, 1_000_000_000));
        assert_eq!(rate.whole_segments_in(Span::from_nanoseconds(999_999_999)), 2);
        assert_eq!(rate.span_of(1), Span::from_nanoseconds(333_333_334));
        assert_eq!(rate.span_of(3), Span::from_seconds(1));
    }

    #[test]
    fn rates_outside_the_exact_range_do_not_exist() {
        assert_eq!(Rate::new(0, Span::from_seconds(1)), None);
        assert_eq!(Rate::new(1, Span::ZERO), None);
        assert_eq!(Rate::per_second(Rate::MOST_PER_SECOND + 1), None);
        assert_eq!(Rate::new(1, Rate::LONGEST_INTERVAL + Span::from_seconds(1)), None);
        assert!(Rate::per_second(Rate::MOST_PER_SECOND).is_some());
        assert!(Rate::new(1, Rate::LONGEST_INTERVAL).is_some());
    }

    #[test]
    fn weights_multiply_without_leaving_their_range() {
        let three = Weight::whole(3).expect("valid");
        let half = Weight::from_millionths(500_000).expect("valid");
        assert_eq!(three.times(half).millionths(), 1_500_000);
        let most = Weight::whole(1_000_000).expect("valid");
        assert_eq!(most.times(most), most);
        assert_eq!(Weight::whole(0), None);
        assert_eq!(Weight::whole(1_000_001), None);
    }

    #[test]
    fn mix_equals_the_published_sequence() {
        // SplitMix64 seeded with 0: its first two outputs.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
    }
}
