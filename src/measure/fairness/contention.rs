//! Shares while there is unserved work, measured at every dispatch.

use crate::units::Weight;

/// The fluid reference of one destination: every dispatch is owed to all tenants with unserved
/// work, in proportion to their weights, first among tenant sets and then inside each.
///
/// This is generalised processor sharing of what was really dispatched (Parekh and Gallager 1993),
/// with virtual time in segments per unit of weight, so a dispatch costs O(1) whoever waits.
#[derive(Clone, Debug)]
pub(super) struct Fluid {
    virtual_time: f64,
    /// Weight in millionths of everyone at the root who has unserved work.
    weight: u64,
    sets: Vec<SetClock>,
    /// Accounts with unserved work, in no particular order.
    backlogged: Vec<u32>,
    /// Segments dispatched so far.
    pub(super) sent: u64,
    /// Segments of the largest message dispatched so far.
    pub(super) largest: u64,
}

#[derive(Clone, Debug)]
struct SetClock {
    weight: u64,
    active_weight: u64,
    virtual_time: f64,
    root_time: f64,
}

/// What one account got and was owed.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    weight: u64,
    set: Option<u32>,
    position: u32,
    start: Mark,
    /// Segments dispatched.
    pub(super) sent: u64,
    /// Segments that the destination dispatched while the account had unserved work.
    pub(super) sent_by_all: u64,
    /// Segments of those that it was owed.
    pub(super) owed: f64,
    contention: Mark,
    /// Segments dispatched in contention, over the periods that count.
    pub(super) contended_sent: u64,
    /// Segments owed in the same periods.
    pub(super) contended_owed: f64,
}

/// Where the clocks stood when a period began.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    virtual_time: f64,
    sent: u64,
}

/// A period of contention counts when the account was owed at least this many of the largest
/// messages in it: over fewer, no order of whole messages can come close to the shares.
const MESSAGES_OWED_MIN: u64 = 10;

impl Fluid {
    pub(super) fn new(set_weights: impl Iterator<Item = Weight>) -> Self {
        let clock = |weight: Weight| SetClock {
            weight: weight.millionths(),
            active_weight: 0,
            virtual_time: 0.0,
            root_time: 0.0,
        };
        Fluid {
            virtual_time: 0.0,
            weight: 0,
            sets: set_weights.map(clock).collect(),
            backlogged: Vec::new(),
            sent: 0,
            largest: 0,
        }
    }

    /// The account has unserved work from now on.
    pub(super) fn join(&mut self, tallies: &mut [Tally], account: u32) {
        let tally = &tallies[account as usize];
        let (weight, set) = (tally.weight, tally.set);
        match set {
            None => self.weight += weight,
            Some(set) => {
                self.advance(set);
                let clock = &mut self.sets[set as usize];
                if clock.active_weight == 0 {
                    self.weight += clock.weight;
                }
                clock.active_weight += weight;
            }
        }
        let tally = &mut tallies[account as usize];
        tally.position = self.backlogged.len() as u32;
        tally.start = Mark { virtual_time: self.time_of(set), sent: self.sent };
        self.backlogged.push(account);
        if self.backlogged.len() == 2 {
            self.begin_contention(tallies, self.backlogged[0]);
        }
        if self.backlogged.len() >= 2 {
            self.begin_contention(tallies, account);
        }
    }

    /// An account's weight is another from now on; whether it has unserved work is its `backlog`.
    pub(super) fn reweigh(
        &mut self,
        tallies: &mut [Tally],
        account: u32,
        weight: Weight,
        has_work: bool,
    ) {
        if has_work {
            self.leave(tallies, account);
        }
        tallies[account as usize].weight = weight.millionths();
        if has_work {
            self.join(tallies, account);
        }
    }

    /// The account has no unserved work any more.
    pub(super) fn leave(&mut self, tallies: &mut [Tally], account: u32) {
        let contended = self.backlogged.len() >= 2;
        if contended {
            self.end_contention(tallies, account);
        }
        let set = tallies[account as usize].set;
        let now = self.time_of(set);
        let tally = &mut tallies[account as usize];
        tally.owed += tally.weight as f64 * (now - tally.start.virtual_time);
        tally.sent_by_all += self.sent - tally.start.sent;
        let (position, weight) = (tally.position as usize, tally.weight);
        self.backlogged.swap_remove(position);
        if let Some(moved) = self.backlogged.get(position) {
            tallies[*moved as usize].position = position as u32;
        }
        if contended && self.backlogged.len() == 1 {
            self.end_contention(tallies, self.backlogged[0]);
        }
        match set {
            None => self.weight -= weight,
            Some(set) => {
                self.advance(set);
                let clock = &mut self.sets[set as usize];
                clock.active_weight -= weight;
                if clock.active_weight == 0 {
                    self.weight -= clock.weight;
                }
            }
        }
    }

    /// What an account with unserved work was owed since it has some.
    pub(super) fn owed_now(&mut self, tally: &Tally) -> f64 {
        tally.weight as f64 * (self.time_of(tally.set) - tally.start.virtual_time)
    }

    /// The part of the destination's service that an account with unserved work is owed now.
    pub(super) fn share_now(&self, tally: &Tally) -> f64 {
        let part = |weight: u64, all: u64| weight as f64 / all as f64;
        match tally.set {
            None => part(tally.weight, self.weight),
            Some(set) => {
                let clock = &self.sets[set as usize];
                part(clock.weight, self.weight) * part(tally.weight, clock.active_weight)
            }
        }
    }

    /// Segments of the account, which has unserved work, were dispatched.
    pub(super) fn dispatch(&mut self, tallies: &mut [Tally], account: u32, segments: u64) {
        if self.weight > 0 {
            self.virtual_time += segments as f64 / self.weight as f64;
        }
        self.sent += segments;
        self.largest = self.largest.max(segments);
        tallies[account as usize].sent += segments;
    }

    /// Ends all periods, because the run is over.
    pub(super) fn finish(&mut self, tallies: &mut [Tally]) {
        while let Some(account) = self.backlogged.last().copied() {
            self.leave(tallies, account);
        }
    }

    fn begin_contention(&mut self, tallies: &mut [Tally], account: u32) {
        let tally = &mut tallies[account as usize];
        tally.contention = Mark { virtual_time: self.time_of(tally.set), sent: tally.sent };
    }

    fn end_contention(&mut self, tallies: &mut [Tally], account: u32) {
        let now = self.time_of(tallies[account as usize].set);
        let tally = &mut tallies[account as usize];
        let owed = tally.weight as f64 * (now - tally.contention.virtual_time);
        // The clocks are sums of floats, so exactly ten may come out a hair below.
        if owed + 1e-6 >= (MESSAGES_OWED_MIN * self.largest) as f64 && owed > 0.0 {
            tally.contended_owed += owed;
            tally.contended_sent += tally.sent - tally.contention.sent;
        }
    }

    /// Virtual time of a set, or of the root.
    fn time_of(&mut self, set: Option<u32>) -> f64 {
        let Some(set) = set else { return self.virtual_time };
        self.advance(set);
        self.sets[set as usize].virtual_time
    }

    fn advance(&mut self, set: u32) {
        let clock = &mut self.sets[set as usize];
        if clock.active_weight > 0 {
            let passed = self.virtual_time - clock.root_time;
            clock.virtual_time += clock.weight as f64 * passed / clock.active_weight as f64;
        }
        clock.root_time = self.virtual_time;
    }
}

impl Tally {
    pub(super) fn new(weight: Weight, set: Option<u32>) -> Self {
        Tally {
            weight: weight.millionths(),
            set,
            position: 0,
            start: Mark::default(),
            sent: 0,
            sent_by_all: 0,
            owed: 0.0,
            contention: Mark::default(),
            contended_sent: 0,
            contended_owed: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallies(weights: &[(u32, Option<u32>)]) -> Vec<Tally> {
        let weight = |weight| Weight::whole(weight).expect("valid");
        weights.iter().map(|(w, set)| Tally::new(weight(*w), *set)).collect()
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
    }

    #[test]
    fn everyone_with_work_is_owed_by_weight() {
        // Weights 3 and 1. Alone for 10 segments, then together for 40, then alone again.
        let mut of = tallies(&[(3, None), (1, None)]);
        let mut fluid = Fluid::new(std::iter::empty());
        fluid.join(&mut of, 0);
        (0..10).for_each(|_| fluid.dispatch(&mut of, 0, 1));
        fluid.join(&mut of, 1);
        (0..40).for_each(|n| fluid.dispatch(&mut of, n % 2, 1));
        fluid.leave(&mut of, 0);
        (0..5).for_each(|_| fluid.dispatch(&mut of, 1, 1));
        fluid.finish(&mut of);
        close(of[0].owed, 10.0 + 30.0);
        close(of[1].owed, 10.0 + 5.0);
        assert_eq!((of[0].sent, of[0].sent_by_all), (30, 50));
        assert_eq!((of[1].sent, of[1].sent_by_all), (25, 45));
        // In contention both got 20; weights owed 30 and 10.
        assert_eq!((of[0].contended_sent, of[1].contended_sent), (20, 20));
        close(of[0].contended_owed, 30.0);
        close(of[1].contended_owed, 10.0);
    }

    #[test]
    fn sets_share_first_and_their_members_inside() {
        // Set 0 (weight 1) has two members, set 1 (weight 1) one: 25 %, 25 %, 50 %.
        let mut of = tallies(&[(1, Some(0)), (1, Some(0)), (1, Some(1))]);
        let mut fluid = Fluid::new([Weight::ONE, Weight::ONE].into_iter());
        (0..3).for_each(|account| fluid.join(&mut of, account));
        (0..100).for_each(|_| fluid.dispatch(&mut of, 2, 1));
        // The first member leaves: the second takes the whole half of the set.
        fluid.leave(&mut of, 0);
        (0..40).for_each(|_| fluid.dispatch(&mut of, 2, 1));
        fluid.finish(&mut of);
        close(of[0].owed, 25.0);
        close(of[1].owed, 25.0 + 20.0);
        close(of[2].owed, 50.0 + 20.0);
        let owed: f64 = of.iter().map(|tally| tally.owed).sum();
        close(owed, 140.0);
    }

    #[test]
    fn short_periods_of_contention_do_not_count() {
        let mut of = tallies(&[(1, None), (1, None)]);
        let mut fluid = Fluid::new(std::iter::empty());
        fluid.join(&mut of, 0);
        for _ in 0..100 {
            fluid.join(&mut of, 1);
            fluid.dispatch(&mut of, 1, 1);
            fluid.leave(&mut of, 1);
            fluid.dispatch(&mut of, 0, 1);
        }
        fluid.finish(&mut of);
        assert_eq!(of[0].contended_sent, 0);
        close(of[0].contended_owed, 0.0);
        close(of[0].owed, 150.0);
    }
}
