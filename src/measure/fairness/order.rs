//! The order in which messages leave, beside that in which they came and that of their classes.

use crate::units::{ClassId, Weight};

/// The order at one destination; every message counts the first time that it is in a queue.
///
/// *Displacement* of a message is its number in order of leaving the queues (dispatched or not) − its number in
/// order of arrival, so it needs no clock and adds up to 0 when all have left. It is normalised as Temporal's
/// `fairsim` does: mean of a tenant ÷ its messages × tenants ÷ all messages. What still waits leaves last.
///
/// *Wrong-orderness* is the number of pairs of which the lighter class was dispatched while the heavier one
/// waited ÷ n(n − 1)/2, n messages dispatched: the inversions that somebody could have avoided.
#[derive(Clone, Debug)]
pub(super) struct Order {
    classes: Vec<Weight>,
    waiting: Vec<u64>,
    arrived: u64,
    left: u64,
    dispatched: u64,
    inversions: u64,
}

/// Where one tenant's messages stand in it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    /// Σ number of leaving − Σ number of arrival.
    displaced: i64,
    arrived: u64,
    left: u64,
}

impl Places {
    /// Whether a single message came so far.
    pub(super) fn is_first(&self) -> bool {
        self.arrived == 1
    }
}

impl Order {
    pub(super) fn new(classes: impl Iterator<Item = Weight>) -> Self {
        let classes: Vec<Weight> = classes.collect();
        let waiting = vec![0; classes.len()];
        Order { classes, waiting, arrived: 0, left: 0, dispatched: 0, inversions: 0 }
    }

    pub(super) fn queued(&mut self, class: ClassId, tenant: &mut Places) {
        self.waiting[class.index()] += 1;
        tenant.displaced -= self.arrived as i64;
        tenant.arrived += 1;
        self.arrived += 1;
    }

    pub(super) fn unqueued(&mut self, class: ClassId, was_dispatched: bool, tenant: &mut Places) {
        self.waiting[class.index()] -= 1;
        tenant.displaced += self.left as i64;
        tenant.left += 1;
        self.left += 1;
        if was_dispatched {
            self.dispatched += 1;
            let own = self.classes[class.index()];
            let all = self.classes.iter().zip(&self.waiting);
            let heavier = all.filter(|(weight, _)| **weight > own).map(|(_, waiting)| *waiting);
            self.inversions += heavier.sum::<u64>();
        }
    }

    /// `None` where all classes weigh the same, or fewer than two messages were dispatched.
    pub(super) fn wrong_orderness(&self) -> Option<f64> {
        let is_flat = self.classes.windows(2).all(|two| two[0] == two[1]);
        let pairs = self.dispatched as f64 * (self.dispatched as f64 - 1.0) / 2.0;
        (!is_flat && pairs > 0.0).then(|| self.inversions as f64 / pairs)
    }

    /// The largest normalised displacement of a tenant; `None` of fewer than two.
    pub(super) fn displacement_max<'a>(
        &self,
        tenants: impl Iterator<Item = &'a Places> + Clone,
    ) -> Option<f64> {
        let tenants = tenants.filter(|tenant| tenant.arrived > 0);
        let count = tenants.clone().count();
        let normalised = |tenant: &Places| {
            let waiting = (tenant.arrived - tenant.left) as i64;
            let displaced = tenant.displaced + waiting * self.left as i64;
            let own = tenant.arrived as f64;
            displaced as f64 / own / own * count as f64 / self.arrived as f64
        };
        tenants.map(normalised).reduce(f64::max).filter(|_| count > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(classes: &[u32]) -> Order {
        Order::new(classes.iter().map(|weight| Weight::whole(*weight).expect("valid")))
    }

    #[test]
    fn a_message_that_waits_behind_many_is_displaced_by_them() {
        // a a a a b, dispatched b a a a a: b is displaced by -4, every a by 1.
        let mut order = order(&[1]);
        let [mut a, mut b] = [Places::default(); 2];
        (0..4).for_each(|_| order.queued(ClassId(0), &mut a));
        order.queued(ClassId(0), &mut b);
        order.unqueued(ClassId(0), true, &mut b);
        (0..4).for_each(|_| order.unqueued(ClassId(0), true, &mut a));
        assert_eq!((a.displaced, b.displaced), (4, -4));
        // a: 1 ÷ 4 messages × 2 tenants ÷ 5 messages.
        assert_eq!(order.displacement_max([a, b].iter()), Some(0.1));
        assert_eq!(order.displacement_max([a].iter()), None);
        assert_eq!(order.wrong_orderness(), None, "a single class has no priorities");
    }

    #[test]
    fn in_order_of_arrival_nobody_is_displaced_and_behind_a_hog_the_small_one_is() {
        let run = |b_first: bool, in_order: bool| {
            let mut order = order(&[1]);
            let [mut a, mut b] = [Places::default(); 2];
            if b_first {
                order.queued(ClassId(0), &mut b);
            }
            (0..9).for_each(|_| order.queued(ClassId(0), &mut a));
            if !b_first {
                order.queued(ClassId(0), &mut b);
            }
            (0..9).for_each(|_| order.unqueued(ClassId(0), true, &mut a));
            if in_order {
                order.unqueued(ClassId(0), true, &mut b);
            }
            order.displacement_max([a, b].iter())
        };
        assert_eq!(run(false, true), Some(0.0));
        // b came first and leaves last, or never: 9 ÷ 1 × 2 ÷ 10.
        assert_eq!(run(true, true), Some(1.8));
        assert_eq!(run(true, false), Some(1.8));
    }

    #[test]
    fn a_lighter_class_that_goes_first_is_in_the_wrong_order() {
        // A heavy and two light ones wait; one light one goes, the heavy one, the other: 1 of 3 pairs.
        let mut order = order(&[3, 1]);
        let mut tenant = Places::default();
        [0, 1, 1].into_iter().for_each(|class| order.queued(ClassId(class), &mut tenant));
        order.unqueued(ClassId(1), true, &mut tenant);
        assert_eq!(order.wrong_orderness(), None, "one message has no order");
        order.unqueued(ClassId(0), true, &mut tenant);
        order.unqueued(ClassId(1), true, &mut tenant);
        assert_eq!(order.wrong_orderness(), Some(1.0 / 3.0));
    }

    #[test]
    fn what_expires_is_not_in_the_wrong_order() {
        let mut order = order(&[3, 1]);
        let mut tenant = Places::default();
        [0, 0, 1].into_iter().for_each(|class| order.queued(ClassId(class), &mut tenant));
        order.unqueued(ClassId(1), false, &mut tenant);
        [0, 0].into_iter().for_each(|class| order.unqueued(ClassId(class), true, &mut tenant));
        assert_eq!(order.wrong_orderness(), Some(0.0));
    }
}
