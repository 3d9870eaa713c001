//! Dense numbers for the combinations of tenant, destination and class that occur.

use crate::units::{ClassId, DestinationId, TenantId};

/// Numbers cells (tenant, destination, class) and accounts (tenant, destination) as they occur.
///
/// Everything that is counted a cell or an account lies in a plain vector under these numbers, so
/// counting needs one look-up in a table of 4 bytes and combinations that never occur cost nothing
/// else.
#[derive(Clone, Debug)]
pub(crate) struct Cells {
    destinations: usize,
    classes: usize,
    cell_numbers: Vec<u32>,
    account_numbers: Vec<u32>,
    cells: Vec<CellKey>,
    accounts: u32,
}

/// What a cell stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CellKey {
    /// Whose messages.
    pub(crate) tenant: TenantId,
    /// Where to.
    pub(crate) destination: DestinationId,
    /// Of which class.
    pub(crate) class: ClassId,
    /// Number of the account they belong to.
    pub(crate) account: u32,
}

/// What an account stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AccountKey {
    /// Whose messages.
    pub(crate) tenant: TenantId,
    /// Where to.
    pub(crate) destination: DestinationId,
}

const UNUSED: u32 = u32::MAX;

impl Cells {
    /// No cells yet, of so many tenants, destinations and classes.
    pub(crate) fn new(tenants: usize, destinations: usize, classes: usize) -> Self {
        Cells {
            destinations,
            classes,
            cell_numbers: vec![UNUSED; tenants * destinations * classes],
            account_numbers: vec![UNUSED; tenants * destinations],
            cells: Vec::new(),
            accounts: 0,
        }
    }

    /// The number of a cell, which is given out when it is first asked for.
    pub(crate) fn number(
        &mut self,
        tenant: TenantId,
        destination: DestinationId,
        class: ClassId,
    ) -> u32 {
        let account_index = tenant.index() * self.destinations + destination.index();
        let index = account_index * self.classes + class.index();
        if self.cell_numbers[index] == UNUSED {
            if self.account_numbers[account_index] == UNUSED {
                self.account_numbers[account_index] = self.accounts;
                self.accounts += 1;
            }
            let account = self.account_numbers[account_index];
            self.cell_numbers[index] = self.cells.len() as u32;
            self.cells.push(CellKey { tenant, destination, class, account });
        }
        self.cell_numbers[index]
    }

    /// What cell number `cell` stands for.
    pub(crate) fn cell(&self, cell: u32) -> CellKey {
        self.cells[cell as usize]
    }

    /// The numbers of all cells, in order of tenant, destination and class.
    pub(crate) fn cells_in_order(&self) -> impl Iterator<Item = u32> + '_ {
        self.cell_numbers.iter().copied().filter(|number| *number != UNUSED)
    }

    /// The numbers of all accounts, in order of tenant and destination.
    pub(crate) fn accounts_in_order(&self) -> impl Iterator<Item = u32> + '_ {
        self.account_numbers.iter().copied().filter(|number| *number != UNUSED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_occurrence_and_listings_follow_identities() {
        let mut cells = Cells::new(3, 2, 2);
        let mut number = |t, d, c| cells.number(TenantId(t), DestinationId(d), ClassId(c));
        assert_eq!(number(2, 1, 0), 0);
        assert_eq!(number(0, 1, 1), 1);
        assert_eq!(number(2, 1, 1), 2);
        assert_eq!(number(2, 1, 0), 0);
        assert_eq!(cells.cells.len(), 3);
        assert_eq!(cells.cell(2).account, cells.cell(0).account);
        assert_eq!(cells.cells_in_order().collect::<Vec<_>>(), [1, 0, 2]);
        assert_eq!(cells.accounts_in_order().collect::<Vec<_>>(), [1, 0]);
        assert_eq!((cells.cell(1).account, cells.accounts), (1, 2));
    }
}
