//! The carrier's numbers of messages, and how the platform reads them.

use std::collections::BTreeMap;

use crate::scenario::ReceiptIds;
use crate::scheduler::Ticket;

/// What the platform remembers of the carrier's numbers: which attempt each response was for. Empty, and
/// free, where responses and receipts write them alike.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    ids: ReceiptIds,
    next: u64,
    known: BTreeMap<u64, Ticket>,
}

impl Numbers {
    /// Carriers count on from wherever they are; four digits are as good as any.
    const FIRST: u64 = 1_000;

    pub(super) fn new(ids: ReceiptIds) -> Self {
        Numbers { ids, next: Self::FIRST, known: BTreeMap::new() }
    }

    /// Whether receipts find their attempts by themselves.
    pub(super) fn are_the_same(&self) -> bool {
        self.ids == ReceiptIds::Same
    }

    /// The number of the next message that is taken.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// The platform got the response with this number.
    pub(super) fn learn(&mut self, number: u64, ticket: Ticket) {
        self.known.insert(number, ticket);
    }

    /// The attempt that the platform takes the receipt of a number for.
    pub(super) fn match_receipt(&self, number: u64) -> Option<Ticket> {
        self.known.get(&as_read(self.ids, number)?).copied()
    }
}

/// The number whose response was written like this one's receipt, if there is one.
fn as_read(ids: ReceiptIds, number: u64) -> Option<u64> {
    match ids {
        ReceiptIds::Same => Some(number),
        ReceiptIds::DecimalForHexadecimal => u64::from_str_radix(&number.to_string(), 16).ok(),
        ReceiptIds::HexadecimalForDecimal => format!("{number:x}").parse().ok(),
        ReceiptIds::ZeroPadded(digits) => {
            (number.to_string().len() >= usize::from(digits)).then_some(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_matches_whatever_was_written_like_it() {
        use ReceiptIds::{DecimalForHexadecimal, HexadecimalForDecimal, Same, ZeroPadded};
        for (ids, number, read) in [
            (Same, 4_096, Some(4_096)),
            (DecimalForHexadecimal, 1_000, Some(0x1000)),
            (HexadecimalForDecimal, 0x1000, Some(1_000)),
            (HexadecimalForDecimal, 0xabc, None),
            (ZeroPadded(5), 9_999, None),
            (ZeroPadded(5), 10_000, Some(10_000)),
        ] {
            assert_eq!(as_read(ids, number), read, "{ids:?} {number}");
        }
    }
}
