//! A sparse log-linear histogram of spans, in integers.

use crate::time::Span;

/// Buckets an octave; half a bucket is 1/128 of its lower end.
const PER_OCTAVE: u64 = 64;
/// Bits of a value that are kept.
const KEPT_BITS: u32 = PER_OCTAVE.trailing_zeros();
/// A histogram with this many different buckets changes from pairs to a range.
const MOST_PAIRS: usize = 32;
/// So many values are counted together.
const WAITING: usize = 30;

/// How often each span occurred: exact below 128 ns, within 1/128 of the value above.
///
/// Spans are counted in nanoseconds, in buckets of 1 ns up to 128 ns and 64 buckets an octave from
/// there. A histogram of few values keeps pairs of bucket and count; one of many keeps the counts
/// between the first and last bucket in use. Count, sum, least and most are exact.
///
/// The counts of a histogram of many values take kilobytes, and a run has thousands of such histograms:
/// almost every count would have to be fetched from memory. So the latest values wait in a cache line and
/// are counted together.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    count: u64,
    sum_ns: u128,
    least_ns: u64,
    most_ns: u64,
    buckets: Buckets,
}

#[derive(Clone, Debug)]
enum Buckets {
    /// Sorted by bucket; at most [`MOST_PAIRS`].
    Pairs(Vec<(u16, u32)>),
    /// Counts of the buckets between the first and the last in use.
    Range(Box<Range>),
}

/// What changes at every value comes first and fills a cache line.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
struct Range {
    /// Buckets of the latest values, which `counts` does not know yet.
    waiting: [u16; WAITING],
    waiting_len: u16,
    first: u16,
    /// Counts of the buckets from `first` on.
    counts: Vec<u32>,
}

impl Default for Buckets {
    fn default() -> Self {
        Buckets::Pairs(Vec::new())
    }
}

impl Histogram {
    /// Counts one span.
    ///
    /// # Panics
    /// When one bucket would hold more than 2³² − 1 spans.
    pub fn record(&mut self, span: Span) {
        let value = span.as_nanoseconds();
        self.least_ns = if self.count == 0 { value } else { self.least_ns.min(value) };
        self.most_ns = self.most_ns.max(value);
        self.count += 1;
        self.sum_ns += u128::from(value);
        self.buckets.add_one(bucket_of(value));
    }

    /// Counts everything that `other` counted.
    ///
    /// # Panics
    /// When one bucket would hold more than 2³² − 1 spans.
    pub fn merge(&mut self, other: &Histogram) {
        if other.count == 0 {
            return;
        }
        let least = if self.count == 0 { other.least_ns } else { self.least_ns };
        self.least_ns = least.min(other.least_ns);
        self.most_ns = self.most_ns.max(other.most_ns);
        self.count += other.count;
        self.sum_ns += other.sum_ns;
        other.buckets.for_each(|bucket, count| self.buckets.add(bucket, count));
    }

    /// Counts what still waits to be counted: reading costs less from then on.
    pub(super) fn settle(&mut self) {
        if let Buckets::Range(range) = &mut self.buckets
            && range.waiting_len > 0
        {
            range.count_waiting();
        }
    }

    /// How many spans were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest span, exactly; `None` when nothing was counted.
    pub fn most(&self) -> Option<Span> {
        (self.count > 0).then_some(Span::from_nanoseconds(self.most_ns))
    }

    /// The mean in seconds, from the exact sum; `None` when nothing was counted.
    pub fn mean_s(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_ns as f64 / self.count as f64 / 1e9)
    }

    /// The `rank`-th shortest span (from 1), within 1/128; the first and the last exactly.
    /// `None` outside 1 to [`Histogram::count`].
    pub fn at_rank(&self, rank: u64) -> Option<Span> {
        let (low, width) = self.bucket_at_rank(rank)?;
        let middle = low + (width - 1) / 2;
        Some(self.inside(rank, middle))
    }

    /// A span that the `rank`-th shortest is not below, and exceeds by at most 1/64 of itself.
    /// `None` outside 1 to [`Histogram::count`].
    pub fn at_least_at_rank(&self, rank: u64) -> Option<Span> {
        let (low, _) = self.bucket_at_rank(rank)?;
        Some(self.inside(rank, low))
    }

    fn inside(&self, rank: u64, value: u64) -> Span {
        let value = match rank {
            1 => self.least_ns,
            rank if rank == self.count => self.most_ns,
            _ => value.clamp(self.least_ns, self.most_ns),
        };
        Span::from_nanoseconds(value)
    }

    fn bucket_at_rank(&self, rank: u64) -> Option<(u64, u64)> {
        if rank == 0 || rank > self.count {
            return None;
        }
        let (mut seen, mut found) = (0, None);
        self.buckets.for_each(|bucket, count| {
            seen += u64::from(count);
            if found.is_none() && seen >= rank {
                found = Some(bounds_of(bucket));
            }
        });
        found
    }
}

/// Equal when the same buckets hold the same counts, however they are stored.
impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        let list = |histogram: &Histogram| {
            let mut pairs = Vec::new();
            histogram.buckets.for_each(|bucket, count| pairs.push((bucket, count)));
            pairs
        };
        (self.count, self.sum_ns, self.least_ns, self.most_ns)
            == (other.count, other.sum_ns, other.least_ns, other.most_ns)
            && list(self) == list(other)
    }
}

impl Buckets {
    #[inline]
    fn add_one(&mut self, bucket: u16) {
        match self {
            Buckets::Range(range) => {
                range.waiting[usize::from(range.waiting_len)] = bucket;
                range.waiting_len += 1;
                if usize::from(range.waiting_len) == WAITING {
                    range.count_waiting();
                }
            }
            Buckets::Pairs(_) => self.add(bucket, 1),
        }
    }

    fn add(&mut self, bucket: u16, count: u32) {
        match self {
            Buckets::Range(range) => range.add(bucket, count),
            Buckets::Pairs(pairs) => match pairs.binary_search_by_key(&bucket, |pair| pair.0) {
                Ok(index) => pairs[index].1 += count,
                Err(index) if pairs.len() < MOST_PAIRS => pairs.insert(index, (bucket, count)),
                Err(_) => {
                    let first = pairs.first().map_or(bucket, |pair| pair.0);
                    let (waiting, counts) = ([0; WAITING], Vec::new());
                    let mut range = Box::new(Range { waiting, waiting_len: 0, first, counts });
                    for (old, held) in std::mem::take(pairs) {
                        range.add(old, held);
                    }
                    range.add(bucket, count);
                    *self = Buckets::Range(range);
                }
            },
        }
    }

    /// Calls `f` with each bucket in use and its count, shortest spans first.
    fn for_each(&self, mut f: impl FnMut(u16, u32)) {
        match self {
            Buckets::Pairs(pairs) => pairs.iter().for_each(|(bucket, count)| f(*bucket, *count)),
            Buckets::Range(range) if range.waiting_len > 0 => {
                let mut counted = range.clone();
                counted.count_waiting();
                counted.for_each(f);
            }
            Buckets::Range(range) => range.for_each(f),
        }
    }
}

impl Range {
    fn add(&mut self, bucket: u16, count: u32) {
        self.make_room(bucket, bucket);
        self.counts[usize::from(bucket - self.first)] += count;
    }

    /// Room for the counts of these buckets and all between.
    fn make_room(&mut self, least: u16, most: u16) {
        if least < self.first {
            let gap = usize::from(self.first - least);
            self.counts.splice(0..0, std::iter::repeat_n(0, gap));
            self.first = least;
        }
        let len = usize::from(most - self.first) + 1;
        if len > self.counts.len() {
            self.counts.resize(len, 0);
        }
    }

    fn count_waiting(&mut self) {
        let waiting = &self.waiting[..usize::from(self.waiting_len)];
        let bounds = waiting
            .iter()
            .fold((u16::MAX, 0), |(least, most), bucket| (least.min(*bucket), most.max(*bucket)));
        self.make_room(bounds.0, bounds.1);
        for bucket in &self.waiting[..usize::from(self.waiting_len)] {
            self.counts[usize::from(bucket - self.first)] += 1;
        }
        self.waiting_len = 0;
    }

    fn for_each(&self, mut f: impl FnMut(u16, u32)) {
        for (bucket, count) in (self.first..).zip(&self.counts).filter(|(_, count)| **count > 0) {
            f(bucket, *count);
        }
    }
}

/// The bucket of a value: the value itself below 2⁷, then 64 an octave; at most 3775.
fn bucket_of(value: u64) -> u16 {
    let shift = (63 - (value | 1).leading_zeros()).saturating_sub(KEPT_BITS);
    (u64::from(shift) * PER_OCTAVE + (value >> shift)) as u16
}

/// The least value of a bucket and how many values share it.
fn bounds_of(bucket: u16) -> (u64, u64) {
    let bucket = u64::from(bucket);
    let shift = (bucket / PER_OCTAVE).saturating_sub(1);
    ((bucket - shift * PER_OCTAVE) << shift, 1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        values.into_iter().for_each(|value| histogram.record(Span::from_nanoseconds(value)));
        histogram
    }

    fn rank(histogram: &Histogram, rank: u64) -> Option<u64> {
        histogram.at_rank(rank).map(Span::as_nanoseconds)
    }

    #[test]
    fn buckets_cover_every_value_once_and_half_a_bucket_is_at_most_one_128th() {
        let mut next = 0u128;
        for bucket in 0..=bucket_of(u64::MAX) {
            let (low, width) = bounds_of(bucket);
            assert_eq!(u128::from(low), next, "bucket {bucket} leaves a gap");
            assert_eq!(bucket_of(low), bucket);
            assert_eq!(bucket_of(low + (width - 1)), bucket);
            assert!(width == 1 || width * 64 <= low);
            next += u128::from(width);
        }
        assert_eq!(next, 1 << 64);
        assert_eq!(bucket_of(u64::MAX), 3775);
    }

    #[test]
    fn short_spans_are_exact() {
        let histogram = of(0..128);
        assert!((1..=128).all(|r| rank(&histogram, r) == Some(r - 1)));
        assert_eq!(rank(&histogram, 0), None);
        assert_eq!(rank(&histogram, 129), None);
    }

    #[test]
    fn every_rank_is_within_one_128th_of_the_sorted_values() {
        let mut values: Vec<u64> = (0..5000).map(|i| crate::units::mix(i) >> (i % 64)).collect();
        let histogram = of(values.iter().copied());
        values.sort_unstable();
        for (index, value) in values.iter().enumerate() {
            let found = rank(&histogram, index as u64 + 1).expect("inside");
            assert!(u128::from(found.abs_diff(*value)) * 128 <= u128::from(*value));
            let least = histogram.at_least_at_rank(index as u64 + 1).expect("inside");
            assert!(least.as_nanoseconds() <= *value);
        }
        assert_eq!(rank(&histogram, 5000), values.last().copied());
    }

    #[test]
    fn few_values_far_apart_stay_small() {
        let histogram = of([0, 1_000_000_000_000, 5]);
        assert!(matches!(&histogram.buckets, Buckets::Pairs(pairs) if pairs.len() == 3));
        assert_eq!(rank(&histogram, 2), Some(5));
    }

    #[test]
    fn what_waits_to_be_counted_is_read_like_the_rest() {
        // Enough values for a range, then any number of values waiting.
        for more in 0..2 * WAITING as u64 + 1 {
            let values = (0..100).chain((0..more).map(|i| 1 << (i % 40)));
            let (mut sorted, histogram): (Vec<u64>, _) = (values.clone().collect(), of(values));
            sorted.sort_unstable();
            for (index, value) in sorted.iter().enumerate().filter(|(_, value)| **value < 128) {
                assert_eq!(rank(&histogram, index as u64 + 1), Some(*value), "{more} more");
            }
            let mut settled = histogram.clone();
            settled.settle();
            assert_eq!(settled, histogram);
            let mut twice = histogram.clone();
            twice.merge(&settled);
            assert_eq!(
                rank(&twice, twice.count() / 2),
                rank(&of(sorted.iter().flat_map(|v| [*v, *v])), sorted.len() as u64)
            );
        }
    }

    #[test]
    fn merging_equals_counting_together_in_any_order() {
        let (few, many) = (of([7, 1_000_000]), of((0..200).map(|i| i * i * i)));
        let together = of((0..200).map(|i| i * i * i).chain([7, 1_000_000]));
        let (mut one, mut other) = (few.clone(), many.clone());
        one.merge(&many);
        other.merge(&few);
        other.merge(&Histogram::default());
        assert_eq!(one, together);
        assert_eq!(other, together);
        assert_ne!(few, many);
    }

    #[test]
    fn the_mean_comes_from_the_exact_sum() {
        assert_eq!(of([1_000_000_001, 1_000_000_003]).mean_s(), Some(1.000000002));
        assert_eq!(Histogram::default().mean_s(), None);
        assert_eq!(Histogram::default().most(), None);
    }
}
