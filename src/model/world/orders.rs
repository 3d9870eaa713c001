//! What the platform's operators order.

use super::World;
use crate::event::{Sink, What};
use crate::scenario::{Order, Whom};
use crate::scheduler::{Change, Policy, Target};
use crate::time::Time;

impl<P: Policy, S: Sink> World<'_, P, S> {
    /// Gives an order to the lanes that it concerns, in the order of the destinations.
    pub(super) fn act(&mut self, now: Time, number: usize) {
        let action = &self.scenario.actions[number];
        let what = match action.whom {
            Whom::Tenant(tenant) => Target::Tenant(tenant),
            Whom::Sender(sender) => Target::Sender(sender),
            Whom::Campaign(campaign) => Target::Campaign(campaign),
        };
        for index in 0..self.routes.len() {
            let id = self.routes[index].id;
            if action.destination.is_some_and(|only| only != id) {
                continue;
            }
            self.emit(now, Some(id), What::ActionTaken(number as u32));
            let (lane, mut tap) = self.lane(index);
            match (action.order, action.whom) {
                (Order::Pause, _) => {
                    lane.pause(now, what, &mut tap);
                }
                (Order::Resume, _) => {
                    lane.resume(now, what, &mut tap);
                }
                (Order::Cancel, _) => {
                    lane.cancel(now, what, &mut tap);
                }
                (Order::Reclassify(class), _) => {
                    lane.reprioritise(now, what, class, &mut tap);
                }
                (Order::Reweight(weight), Whom::Tenant(tenant)) => {
                    let change = Change::TenantWeight(tenant, weight);
                    lane.reconfigure(now, change).expect("a scenario's tenants are attached");
                }
                (Order::Reweight(_), _) => unreachable!("only a whole tenant has a weight"),
            }
            self.routes[index].needs_poll = true;
        }
    }
}
