//! Failures as they begin, turn and end, and the sessions that they take down.

use super::route::SessionState;
use super::{World, rank};
use crate::engine::{Agenda, Calendar, Key};
use crate::event::{Sink, What};
use crate::scenario::FaultKind;
use crate::scheduler::{Policy, SessionChange};
use crate::time::Time;
use crate::units::SessionId;

impl<P: Policy, S: Sink> World<'_, P, S> {
    /// Schedules the next time that a fault happens, if there is one.
    pub(super) fn schedule_fault<C: Calendar<u32>>(
        &mut self,
        fault: usize,
        agenda: &mut Agenda<'_, C>,
    ) {
        if let Some((number, occurrence)) = self.faults.next_occurrence(fault) {
            let key = Key::new(rank::FAULT_BEGINS, fault as u32, number);
            agenda.schedule(occurrence.start, key, fault as u32);
        }
    }

    pub(super) fn fault_begins<C: Calendar<u32>>(
        &mut self,
        now: Time,
        number: usize,
        key: Key,
        agenda: &mut Agenda<'_, C>,
    ) {
        let fault = &self.scenario.faults[number];
        let (index, occurrence) = (number as u32, key.ordinal());
        let end = self.faults.begin(number, occurrence);
        self.emit(now, Some(fault.destination), What::FaultBegan(index));
        agenda.schedule(end, Key::new(rank::FAULT_ENDS, index, occurrence), index);
        if let FaultKind::Flap { down, .. } = fault.kind {
            agenda.schedule(now + down, Key::new(rank::FAULT_TURNS, index, occurrence), 0);
        }
        self.adjust(now, fault.destination.index(), agenda);
        self.change_begins(now, number, end);
        self.schedule_fault(number, agenda);
    }

    pub(super) fn fault_ends<C: Calendar<u32>>(
        &mut self,
        now: Time,
        number: usize,
        agenda: &mut Agenda<'_, C>,
    ) {
        let fault = &self.scenario.faults[number];
        self.faults.end(number);
        self.emit(now, Some(fault.destination), What::FaultEnded(number as u32));
        self.adjust(now, fault.destination.index(), agenda);
        self.change_ends(now, number);
    }

    /// A flapping fault lets its sessions up or takes them down again.
    pub(super) fn fault_turns<C: Calendar<u32>>(
        &mut self,
        now: Time,
        number: usize,
        key: Key,
        agenda: &mut Agenda<'_, C>,
    ) {
        if let Some(until) = self.faults.turn(number, key.ordinal()) {
            let key = Key::new(rank::FAULT_TURNS, number as u32, key.ordinal());
            agenda.schedule(now + until, key, 0);
            self.adjust(now, self.scenario.faults[number].destination.index(), agenda);
        }
    }

    /// Lets a destination's sessions and capacity follow the faults in force.
    fn adjust<C: Calendar<u32>>(&mut self, now: Time, index: usize, agenda: &mut Agenda<'_, C>) {
        let gateway = &self.scenario.destinations[index].gateway;
        let destination = self.routes[index].id;
        let rate = self.faults.processed_rate(destination);
        let rate = rate.or(gateway.capacity.map(|capacity| capacity.rate));
        self.routes[index].carrier.process_at(now, rate);
        let down = self.faults.sessions_down(destination, gateway.sessions);
        for number in 0..gateway.sessions {
            let session = SessionId(number);
            match (number < down, self.routes[index].sessions[session.index()]) {
                (true, SessionState::Up) => {
                    self.take_down(now, index, session);
                    self.reach_changed(now, index, agenda);
                    self.is_lost(now, index, session, agenda);
                }
                (true, _) => self.is_held_down(index, session),
                (false, SessionState::Down) => self.begin_reconnect(now, index, session, agenda),
                (false, SessionState::Up | SessionState::Reconnecting(_)) => {}
            }
        }
    }

    pub(super) fn take_down(&mut self, now: Time, index: usize, session: SessionId) {
        let route = &mut self.routes[index];
        route.sessions[session.index()] = SessionState::Down;
        route.carrier.lose(session);
        let destination = route.id;
        self.emit(now, Some(destination), What::SessionDown(session));
        let (lane, mut tap) = self.lane(index);
        lane.session(now, session, SessionChange::Down, &mut tap);
        self.routes[index].needs_poll = true;
    }
}
