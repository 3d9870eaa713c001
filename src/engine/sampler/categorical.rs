//! One of several, by their weights.

/// A table that draws an index in constant time: the alias method (Walker 1977) as Vose (1991) builds
/// it, over integers, so that every index has exactly its part of 2⁶⁴ draws, up to one a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Categorical {
    /// By column: below this of `total` the column itself, else its alias.
    columns: Vec<(u64, u32)>,
    total: u64,
}

impl Categorical {
    /// A table of these weights; `None` when there are none, when all are 0, or when there are so many
    /// or such heavy ones that their number times their sum exceeds 64 bits.
    pub fn new(weights: &[u64]) -> Option<Self> {
        let total = weights.iter().try_fold(0_u64, |sum, weight| sum.checked_add(*weight))?;
        let count = u32::try_from(weights.len()).ok()?;
        total.checked_mul(u64::from(count)).filter(|product| *product > 0)?;
        // In units of 1 ÷ count of a weight, every column holds `total`.
        let mut left: Vec<u64> = weights.iter().map(|w| w * u64::from(count)).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..count).partition(|index| left[*index as usize] < total);
        let mut columns: Vec<(u64, u32)> = (0..count).map(|index| (total, index)).collect();
        while let (Some(short), Some(long)) = (small.pop(), large.last().copied()) {
            let filled = left[short as usize];
            columns[short as usize] = (filled, long);
            left[long as usize] -= total - filled;
            if left[long as usize] < total {
                large.pop();
                small.push(long);
            }
        }
        Some(Categorical { columns, total })
    }

    /// An index.
    pub fn index(&self, draw: u64) -> usize {
        let product = u128::from(draw) * self.columns.len() as u128;
        let column = (product >> 64) as usize;
        let within = (u128::from(product as u64) * u128::from(self.total)) >> 64;
        let (own, alias) = self.columns[column];
        if within < u128::from(own) { column } else { alias as usize }
    }
}
