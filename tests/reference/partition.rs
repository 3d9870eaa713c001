//! Static partition: a tenant may send again once its part of the rate would have carried what it sent.
//!
//! The part is its weight ÷ the weights of all tenants that there are, whether or not they have anything to
//! send, as they are when the message goes. Nobody saves for later, and nothing is given back. Whoever could
//! have sent for longest goes first. Times are whole nanoseconds and nobody sends before its time.

use super::order::{Choice, First, Order, Terms};
use super::rational::Ratio;
use super::scheduler::Path;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
struct Tenant {
    weight: Ratio,
    tie: u64,
    may_send: u64,
    first: Option<First>,
}

#[derive(Debug)]
pub(crate) struct Partition {
    /// Segments a nanosecond.
    rate: Ratio,
    tenants: BTreeMap<Path, Tenant>,
}

impl Partition {
    pub(crate) fn new(rate: Ratio) -> Self {
        Partition { rate, tenants: BTreeMap::new() }
    }

    fn tenant(&mut self, path: &Path) -> &mut Tenant {
        self.tenants.get_mut(path).expect("the tenant exists")
    }
}

impl Order for Partition {
    fn add(&mut self, _: u64, path: &Path, terms: Terms) {
        let tenant = Tenant { weight: terms.product, tie: terms.tie, may_send: 0, first: None };
        self.tenants.insert(path.clone(), tenant);
    }

    fn remove(&mut self, _: u64, path: &Path) {
        self.tenants.remove(path);
    }

    fn reweigh(&mut self, _: u64, path: &Path, terms: Terms) {
        self.tenant(path).weight = terms.product;
    }

    fn set_rate(&mut self, _: u64, rate: Ratio) {
        self.rate = rate;
    }

    fn set_first(&mut self, _: u64, path: &Path, first: Option<First>) {
        self.tenant(path).first = first;
    }

    fn pick(&mut self, now: u64) -> Choice {
        let awake = self.tenants.iter().filter(|(_, tenant)| tenant.first.is_some());
        let longest = awake.min_by_key(|(_, tenant)| (tenant.may_send, tenant.tie));
        let (path, tenant) = longest.expect("something is awake");
        if tenant.may_send > now {
            return Choice::NotUntil(tenant.may_send);
        }
        Choice::Flow(path.clone())
    }

    fn queue_of(&self, flow: &Path) -> Path {
        self.tenants[flow].first.as_ref().expect("it is awake").queue.clone()
    }

    fn serve(&mut self, now: u64, flow: &Path, sent: &First, next: Option<First>) {
        let weights = self.tenants.values().map(|tenant| tenant.weight);
        let all = weights.fold(Ratio::ZERO, |sum, weight| sum + weight);
        let rate = self.rate;
        let tenant = self.tenant(flow);
        let takes = Ratio::from(sent.segments) * all / (rate * tenant.weight);
        tenant.may_send = tenant.may_send.max(now) + takes.ceil() as u64;
        tenant.first = next;
    }

    fn completed(&mut self, _: u64, _: &Path, _: &Path, _: u64, _: u64) {}
}
