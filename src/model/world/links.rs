//! Sessions from the platform's side: getting a lost one back, and finding out that one is dead.

use super::super::sample;
use super::route::SessionState;
use super::{World, rank};
use crate::engine::{Agenda, Calendar, Key};
use crate::event::{Sink, What};
use crate::scenario::Reconnect;
use crate::scheduler::{Policy, RetryRule, SessionChange};
use crate::time::{Span, Time};
use crate::units::{SessionId, mix};

impl<P: Policy, S: Sink> World<'_, P, S> {
    /// A session was just lost: a platform that tries by itself begins to.
    pub(super) fn is_lost<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        session: SessionId,
        agenda: &mut Agenda<'_, C>,
    ) {
        self.routes[index].links[session.index()].failed_tries = 0;
        if let Reconnect::Backoff(rule) = self.scenario.destinations[index].gateway.reconnect {
            self.try_later(now, index, session, rule, agenda);
        }
    }

    /// Something holds a session down that is down already. Who tries by itself goes on trying.
    pub(super) fn is_held_down(&mut self, index: usize, session: SessionId) {
        let reconnect = self.scenario.destinations[index].gateway.reconnect;
        if matches!(reconnect, Reconnect::WhenPossible(_)) {
            self.routes[index].sessions[session.index()] = SessionState::Down;
        }
    }

    /// Nothing holds a session down any more.
    pub(super) fn begin_reconnect<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        session: SessionId,
        agenda: &mut Agenda<'_, C>,
    ) {
        let Reconnect::WhenPossible(wait) = self.scenario.destinations[index].gateway.reconnect
        else {
            return;
        };
        let at = now.saturating_add(wait);
        if at == now {
            self.bring_up(now, index, session, agenda);
        } else {
            self.reconnect_at(at, index, session, agenda);
        }
    }

    /// A session may come up, unless it was taken down again meanwhile; a try of the platform's own may
    /// also fail.
    pub(super) fn reconnect<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        session: u32,
        agenda: &mut Agenda<'_, C>,
    ) {
        let session = SessionId(session as u16);
        if self.routes[index].sessions[session.index()] != SessionState::Reconnecting(now) {
            return;
        }
        let reconnect = self.scenario.destinations[index].gateway.reconnect;
        match reconnect {
            Reconnect::Backoff(rule) if !self.can_bind(now, index, session) => {
                self.routes[index].links[session.index()].failed_tries += 1;
                self.try_later(now, index, session, rule, agenda);
            }
            _ => self.bring_up(now, index, session, agenda),
        }
    }

    /// Whether a try to bind meets a carrier that answers.
    fn can_bind(&mut self, now: Time, index: usize, session: SessionId) -> bool {
        let all = self.scenario.destinations[index].gateway.sessions;
        let down = self.faults.sessions_down(self.routes[index].id, all);
        session.0 >= down && self.answers(now, index, session).is_some()
    }

    /// How long the carrier takes to answer a question about the session itself, if it answers.
    fn answers(&mut self, now: Time, index: usize, session: SessionId) -> Option<Span> {
        let gateway = &self.scenario.destinations[index].gateway;
        let route = &mut self.routes[index];
        route.enquiries += 1;
        let luck = route.enquiry_luck.luck(route.enquiries, 0);
        let usual = sample(&gateway.response, luck.number(0));
        self.faults.on_link(now, route.id, session, usual, luck.number(1))
    }

    fn try_later<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        session: SessionId,
        rule: RetryRule,
        agenda: &mut Agenda<'_, C>,
    ) {
        let route = &self.routes[index];
        let tries = route.links[session.index()].failed_tries.saturating_add(1);
        let key = mix(route.enquiry_luck.number() ^ u64::from(session.0));
        let wait = rule.wait_after(tries.min(RetryRule::MOST_ATTEMPTS - 1), key);
        let wait = wait.unwrap_or(rule.longest_wait).max(Span::from_nanoseconds(1));
        self.reconnect_at(now.saturating_add(wait), index, session, agenda);
    }

    fn reconnect_at<C: Calendar<u32>>(
        &mut self,
        at: Time,
        index: usize,
        session: SessionId,
        agenda: &mut Agenda<'_, C>,
    ) {
        let route = &mut self.routes[index];
        route.sessions[session.index()] = SessionState::Reconnecting(at);
        route.reconnects += 1;
        let key = Key::new(rank::RECONNECT, index as u32, route.reconnects);
        agenda.schedule(at, key, u32::from(session.0));
    }

    pub(super) fn bring_up<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        session: SessionId,
        agenda: &mut Agenda<'_, C>,
    ) {
        let route = &mut self.routes[index];
        route.sessions[session.index()] = SessionState::Up;
        let destination = route.id;
        for (key, copy) in std::mem::take(&mut route.kept_receipts) {
            agenda.schedule(now, key, copy);
        }
        self.emit(now, Some(destination), What::SessionUp(session));
        let gateway = &self.scenario.destinations[index].gateway;
        let window = gateway.window_of(session);
        self.reach_changed(now, index, agenda);
        let (lane, mut tap) = self.lane(index);
        lane.session(now, session, SessionChange::Up { window }, &mut tap);
        self.routes[index].needs_poll = true;
        if let Some(enquiry) = gateway.enquire_link {
            let ask = now.saturating_add(enquiry.every);
            self.next_enquiry(ask, rank::ENQUIRE_LINK, index, session, agenda);
        }
    }

    /// A destination may have come within reach, or gone out of it.
    pub(super) fn reach_changed<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        agenda: &mut Agenda<'_, C>,
    ) {
        let route = &self.routes[index];
        match self.failovers.reached(now, route.id, route.is_reachable()) {
            Some((group, at)) if at == now => self.fail_over(now, group, agenda),
            Some((group, at)) => self.ask_failover(at, group, agenda),
            None => {}
        }
    }

    fn ask_failover<C: Calendar<u32>>(
        &mut self,
        at: Time,
        group: usize,
        agenda: &mut Agenda<'_, C>,
    ) {
        self.failover_asks += 1;
        let key = Key::new(rank::FAILOVER, group as u32, self.failover_asks);
        agenda.schedule(at, key, 0);
    }

    /// Asks a failover whether it switches; once it did it is asked again when it may go back.
    pub(super) fn fail_over<C: Calendar<u32>>(
        &mut self,
        now: Time,
        group: usize,
        agenda: &mut Agenda<'_, C>,
    ) {
        let primary = self.failovers.primary(group);
        if let Some((to, again)) = self.failovers.decide(now, group) {
            let failover = group as u32;
            self.emit(now, Some(primary), What::Rerouted { failover, to });
            self.ask_failover(again, group, agenda);
        }
    }

    /// The platform asks whether a session is alive.
    pub(super) fn enquire_link<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        session: u32,
        agenda: &mut Agenda<'_, C>,
    ) {
        let session = SessionId(session as u16);
        let enquiry = self.scenario.destinations[index].gateway.enquire_link;
        let Some(enquiry) = enquiry.filter(|_| self.is_due(now, index, session)) else { return };
        match self.answers(now, index, session) {
            Some(after) if after <= enquiry.timeout => {
                let ask = now.saturating_add(enquiry.every);
                self.next_enquiry(ask, rank::ENQUIRE_LINK, index, session, agenda);
            }
            _ => {
                let verdict = now.saturating_add(enquiry.timeout);
                self.next_enquiry(verdict, rank::LINK_IS_DEAD, index, session, agenda);
            }
        }
    }

    /// Nothing answered: the platform closes the session and gets a new one.
    pub(super) fn link_is_dead<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        session: u32,
        agenda: &mut Agenda<'_, C>,
    ) {
        let session = SessionId(session as u16);
        if self.is_due(now, index, session) {
            self.take_down(now, index, session);
            self.reach_changed(now, index, agenda);
            self.is_lost(now, index, session, agenda);
            self.begin_reconnect(now, index, session, agenda);
        }
    }

    /// Whether a question, or the verdict on one, is of the session as it is: it may have gone and come
    /// back since that was scheduled.
    fn is_due(&self, now: Time, index: usize, session: SessionId) -> bool {
        let route = &self.routes[index];
        route.sessions[session.index()] == SessionState::Up
            && route.links[session.index()].enquiry == Some(now)
    }

    fn next_enquiry<C: Calendar<u32>>(
        &mut self,
        at: Time,
        rank: u8,
        index: usize,
        session: SessionId,
        agenda: &mut Agenda<'_, C>,
    ) {
        let route = &mut self.routes[index];
        route.links[session.index()].enquiry = Some(at);
        route.reconnects += 1;
        let key = Key::new(rank, index as u32, route.reconnects);
        agenda.schedule(at, key, u32::from(session.0));
    }
}
