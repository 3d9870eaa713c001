//! Messages as they arrive: from sources, from a log, from faults, and again.

use super::super::faults::{Resubmission, position_of};
use super::{World, rank};
use crate::engine::{Agenda, Calendar, Key};
use crate::event::{Sink, What};
use crate::scenario::Awaited;
use crate::scheduler::{Message, Policy};
use crate::time::{Span, Time};
use crate::units::{
    CampaignId, ClassId, DestinationId, MessageId, Segments, SenderId, TenantId, mix,
};

/// What is submitted.
struct Arrival {
    destination: DestinationId,
    tenant: TenantId,
    sender: SenderId,
    class: ClassId,
    segments: Segments,
    validity: Option<Span>,
    campaign: Option<CampaignId>,
    /// The source whose submitter waits for it, and for what.
    awaits: Option<(u32, Awaited)>,
}

/// Where a message's luck comes from.
#[derive(Clone, Copy)]
enum Origin {
    /// The tenant's own next ordinal.
    Tenant,
    /// As a recorded run says.
    Recorded(u64),
    /// The next of what a fault injects, by its place.
    Injected(usize),
    /// Injected, and its luck is known already.
    Repeated(usize, u64),
}

impl<P: Policy, S: Sink> World<'_, P, S> {
    pub(super) fn schedule_arrival<C: Calendar<u32>>(
        &mut self,
        index: usize,
        agenda: &mut Agenda<'_, C>,
    ) {
        let source = &mut self.sources[index];
        if let Some(time) = source.next_arrival() {
            let key = Key::new(rank::ARRIVAL, index as u32, source.submitted());
            agenda.schedule(time, key, index as u32);
        }
    }

    pub(super) fn schedule_logged<C: Calendar<u32>>(&mut self, agenda: &mut Agenda<'_, C>) {
        let Some(log) = &self.scenario.log else { return };
        if let Some(arrival) = log.arrivals.get(self.next_logged) {
            let key = Key::new(rank::LOGGED_ARRIVAL, 0, self.next_logged as u64);
            agenda.schedule(arrival.time, key, 0);
        }
    }

    pub(super) fn source_arrival<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        agenda: &mut Agenda<'_, C>,
    ) {
        let state = &mut self.sources[index];
        let (source, drawn, awaits) = (state.source(), state.draw(), state.awaits());
        let arrival = Arrival {
            destination: source.destination,
            tenant: source.tenant,
            sender: drawn.sender,
            class: source.class,
            segments: drawn.segments,
            validity: source.validity,
            campaign: self
                .is_campaign
                .get(index)
                .is_some_and(|is_campaign| *is_campaign)
                .then_some(CampaignId(index as u32)),
            awaits: awaits.map(|awaits| (index as u32, awaits)),
        };
        let origin = match index.checked_sub(self.scenario.sources.len()) {
            None => Origin::Tenant,
            Some(beyond) => Origin::Injected(self.injected_sources[beyond]),
        };
        self.arrive(now, arrival, origin);
        self.schedule_arrival(index, agenda);
    }

    pub(super) fn logged_arrival<C: Calendar<u32>>(
        &mut self,
        now: Time,
        agenda: &mut Agenda<'_, C>,
    ) {
        let log = self.scenario.log.as_ref().expect("only a log schedules logged arrivals");
        let logged = log.arrivals[self.next_logged];
        self.next_logged += 1;
        let arrival = Arrival {
            destination: logged.destination,
            tenant: logged.tenant,
            sender: logged.sender,
            class: logged.class,
            segments: Segments(logged.segments),
            validity: logged.validity,
            campaign: logged.campaign,
            awaits: None,
        };
        self.arrive(now, arrival, logged.luck.map_or(Origin::Tenant, Origin::Recorded));
        self.schedule_logged(agenda);
    }

    /// Submits what arrives, unless a fault keeps it away.
    fn arrive(&mut self, now: Time, arrival: Arrival, origin: Origin) {
        let (key, reference) = self.luck_of(&arrival, origin);
        let Arrival { destination, tenant, sender, class, .. } = arrival;
        let is_submitted = match origin {
            Origin::Injected(place) => {
                self.faults.lets_through(now, self.injected[place].fault, key)
                    && self.is_present(destination, tenant)
            }
            Origin::Tenant | Origin::Recorded(_) | Origin::Repeated(..) => {
                !self.faults.withhold(now, destination, (tenant, sender, class), key)
                    && self.is_present(destination, tenant)
            }
        };
        if is_submitted {
            self.submit(now, arrival, key, reference);
        } else if let Some((source, _)) = arrival.awaits {
            self.awaited.not_sent(MessageId(self.next_message), source);
        }
    }

    /// The key and the reference of the message that arrives. An ordinary one uses up an ordinal of
    /// its tenant even where it is kept away: so that shifts nobody's luck.
    fn luck_of(&mut self, arrival: &Arrival, origin: Origin) -> (u64, u64) {
        let (stream, ordinal) = &mut self.tenants[arrival.tenant.index()];
        let (stream_number, reference) = match origin {
            Origin::Tenant => {
                *ordinal += 1;
                (stream.number(), *ordinal - 1)
            }
            Origin::Injected(place) => {
                let reference = self.injected[place].next_reference(place);
                (self.injected[place].stream_number(), reference)
            }
            Origin::Repeated(place, reference) => (self.injected[place].stream_number(), reference),
            Origin::Recorded(reference) => {
                let place = position_of(reference);
                let injected = place.and_then(|place| self.injected.get(place));
                (injected.map_or(stream.number(), |one| one.stream_number()), reference)
            }
        };
        (mix(stream_number ^ mix(reference)), reference)
    }

    fn submit(&mut self, now: Time, arrival: Arrival, key: u64, reference: u64) {
        let expires = arrival.validity.map_or(Time::NEVER, |validity| now.saturating_add(validity));
        let message = Message {
            id: MessageId(self.next_message),
            key,
            reference,
            tenant: arrival.tenant,
            sender: arrival.sender,
            class: arrival.class,
            segments: arrival.segments,
            expires,
        };
        if let Some((source, awaits)) = arrival.awaits {
            self.awaited.wait(message.id, source, awaits);
        }
        self.next_message += 1;
        let index = self.failovers.destination(arrival.destination).index();
        if let Some(campaign) = arrival.campaign {
            let (message, tenant) = (message.id, message.tenant);
            let place = self.routes[index].id;
            self.emit(now, Some(place), What::OfCampaign { message, tenant, campaign });
        }
        let (lane, mut tap) = self.lane(index);
        lane.submit(now, arrival.campaign, message, &mut tap);
        self.routes[index].needs_poll = true;
    }

    /// Lets the submitters of closed loops think that have what they waited for.
    pub(super) fn let_think<C: Calendar<u32>>(&mut self, now: Time, agenda: &mut Agenda<'_, C>) {
        for index in self.awaited.take_ready() {
            if let Some((time, thought)) = self.sources[index as usize].think(now) {
                agenda.schedule(time, Key::new(rank::ARRIVAL, index, thought), index);
            }
        }
    }

    /// What failed in this instant is submitted again later. A tenant's system stops when arrivals end.
    pub(super) fn schedule_resubmissions<C: Calendar<u32>>(&mut self, agenda: &mut Agenda<'_, C>) {
        let end = Time::ZERO + self.scenario.duration;
        for one in self.resubmissions.take_failed() {
            if one.time >= end {
                continue;
            }
            self.resubmitted = self.resubmitted.wrapping_add(1);
            self.to_resubmit.insert(self.resubmitted, one);
            let ordinal = u64::from(self.resubmitted);
            let key = Key::new(rank::RESUBMISSION, one.number as u32, ordinal);
            agenda.schedule(one.time, key, self.resubmitted);
        }
    }

    pub(super) fn resubmission_arrives(&mut self, now: Time, number: u32) {
        let Some(one) = self.to_resubmit.remove(&number) else { return };
        let Resubmission { message, validity, number, reference, .. } = one;
        let destination = self.scenario.faults[self.injected[number].fault].destination;
        let arrival = Arrival {
            destination,
            tenant: message.tenant,
            sender: message.sender,
            class: message.class,
            segments: message.segments,
            validity,
            campaign: None,
            awaits: None,
        };
        self.arrive(now, arrival, Origin::Repeated(number, reference));
    }
}
