//! What was measured, again.

use super::index_below;

/// Measured values, each as likely as any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Empirical<T> {
    values: Vec<T>,
}

impl<T: Copy> Empirical<T> {
    /// Of these values; `None` when there are none.
    pub fn new(values: Vec<T>) -> Option<Self> {
        (!values.is_empty()).then_some(Empirical { values })
    }

    /// One of them.
    pub fn value(&self, draw: u64) -> T {
        self.values[index_below(draw, self.values.len() as u64) as usize]
    }

    /// All of them.
    pub fn values(&self) -> &[T] {
        &self.values
    }
}
