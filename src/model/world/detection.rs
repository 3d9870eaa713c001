//! What the detector is asked and told beside the fates of messages.

use super::{World, rank};
use crate::detector::{Account, AlertEvent, Notice};
use crate::engine::{Agenda, Calendar, Key};
use crate::event::{Sink, What};
use crate::scenario::{Arrivals, CampaignNotice};
use crate::scheduler::Policy;
use crate::time::Time;

impl<P: Policy, S: Sink> World<'_, P, S> {
    /// Before the first event: when the detector wants to look, and which campaigns are announced to it.
    pub(super) fn schedule_detection<C: Calendar<u32>>(&self, agenda: &mut Agenda<'_, C>) {
        let Some(detector) = &self.detector else { return };
        schedule_tick(detector.next_tick(), agenda);
        for (index, source) in self.scenario.sources.iter().enumerate() {
            if let Arrivals::Campaign { at, notice: CampaignNotice::Announced, .. } =
                source.arrivals
            {
                agenda.schedule(at, Key::new(rank::NOTICE, index as u32, 0), 0);
            }
        }
    }

    /// Tells the detector of a campaign that was announced.
    pub(super) fn announce(&mut self, now: Time, index: usize) {
        let source = &self.scenario.sources[index];
        let account = Account { tenant: source.tenant, destination: source.destination };
        let Arrivals::Campaign { at, over, .. } = source.arrivals else { return };
        if let Some(detector) = &mut self.detector {
            detector.notice(now, account, Notice::CampaignAnnounced { until: at + over });
        }
    }

    pub(super) fn tick<C: Calendar<u32>>(&mut self, now: Time, agenda: &mut Agenda<'_, C>) {
        // The end of a scenario's arrivals is not a drop in anybody's traffic.
        let Some(detector) = self.detector.as_mut().filter(|_| !self.arrivals_are_over) else {
            return;
        };
        let mut alerts: Vec<AlertEvent> = Vec::new();
        detector.tick(now, &mut |alert| alerts.push(alert));
        let next = detector.next_tick();
        assert!(next > now, "a detector's next tick is later than the one at hand");
        schedule_tick(next, agenda);
        for alert in alerts {
            self.emit(now, Some(alert.account.destination), What::Alert(alert));
        }
    }
}

/// A detector that never wants to be asked is not.
fn schedule_tick<C: Calendar<u32>>(time: Time, agenda: &mut Agenda<'_, C>) {
    if time < Time::NEVER {
        agenda.schedule(time, Key::new(rank::DETECTOR, 0, 0), 0);
    }
}
