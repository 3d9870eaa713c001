//! The end of a run: the last window is closed, and everything is added up.

use super::account::Account;
use super::course::CourseFigures;
use super::outcome::{AccountShares, FairnessOutcome, PartyShare};
use super::{Fairness, Lane};
use crate::scenario::Scenario;
use crate::time::Time;
use crate::units::DestinationId;

impl Fairness {
    /// Closes the last window and adds everything up; `order` lists the accounts' numbers.
    pub(crate) fn finish(
        mut self,
        ended: Time,
        order: impl Iterator<Item = u32>,
        scenario: &Scenario,
    ) -> FairnessOutcome {
        self.advance(ended);
        self.close_window(ended);
        let destinations = self.lanes.len();
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            for party in self.parties.iter_mut().skip(index).step_by(destinations) {
                if party.backlogged > 0 {
                    party.share.sent_by_all += lane.fluid.sent - party.sent_by_all_at_start;
                }
            }
            lane.fluid.finish(&mut self.tallies);
        }
        for (account, course) in self.accounts.iter().zip(&mut self.courses) {
            if account.backlog > 0 {
                course.end(ended);
            }
        }
        let courses_at = |(index, lane): (usize, &Lane)| {
            let here = |account: &Account| account.key.destination.index() == index;
            let both = self.accounts.iter().zip(&self.courses);
            let own = both.filter(|(account, _)| here(account)).map(|(_, course)| course);
            CourseFigures::of(own, &lane.pairs, lane.rate)
        };
        let courses = self.lanes.iter().enumerate().map(courses_at).collect();
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let here = self.accounts.iter().filter(|it| it.key.destination.index() == index);
            lane.sums.displacement_max = lane.order.displacement_max(here.map(|it| &it.places));
            lane.sums.wrong_orderness = lane.order.wrong_orderness();
            lane.sums.time_to_fairness_max_s = lane.settling.longest_s(ended);
        }
        let mut gps = Vec::with_capacity(destinations);
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let here = DestinationId(index as u16);
            let figures = lane.gps.as_mut().map(|gps| gps.finish(ended, here, &mut self.fates));
            gps.push(figures.unwrap_or_default());
        }
        let shares = |number: u32| {
            let (account, tally) =
                (&self.accounts[number as usize], &self.tallies[number as usize]);
            AccountShares {
                tenant: account.key.tenant,
                destination: account.key.destination,
                sent: tally.sent,
                sent_by_all: tally.sent_by_all,
                owed: tally.owed,
                contended_sent: tally.contended_sent,
                contended_owed: tally.contended_owed,
                judged_sent: account.judged_sent,
                judged_entitled: account.judged_entitled,
                finish_time_fairness: account.exclusive.finish_time_fairness(ended),
            }
        };
        let seen = self.accounts.len() as u32;
        let accounts = order.filter(|number| *number < seen).map(shares).collect();
        let shares: Vec<PartyShare> = self.parties.iter().map(|party| party.share).collect();
        let (groups, sets) = shares.split_at(self.groups * destinations);
        FairnessOutcome {
            accounts,
            destinations: self.lanes.into_iter().map(|lane| lane.sums).collect(),
            courses,
            gps,
            groups: groups.to_vec(),
            group_of: self.tenants.iter().map(|tenant| tenant.group).collect(),
            sets: sets.to_vec(),
            series: self.series.named(scenario),
        }
    }
}
