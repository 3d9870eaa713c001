//! A fluid server: hierarchical generalised processor sharing, in integers.
//!
//! Parekh and Gallager (ToN 1993), for a tree as Bennett and Zhang (SIGCOMM 1996, section 3): every busy
//! child of a server is served at once, at a rate in proportion to its weight. Each server has a virtual time
//! that grows by service ÷ the weights of its busy children, so that a child of weight w gets w × what it
//! grew. A queue is a child whose first message is finished when its server's virtual time reaches a tag; a
//! server below another is a child to which something happens when *its* server's reaches one. So an arrival
//! or the end of a message changes one heap a level, however many others are busy.
//!
//! Service that makes no whole unit of virtual time stays with its server, and what a server that falls idle
//! could not use goes back to the one above. So no service is lost, and a message's end is off by less than
//! one unit of virtual time a level: with ten thousand queues of weight 1, some hundred-millionths of
//! the time that a segment takes.

use std::collections::{BTreeSet, VecDeque};

use crate::scheduler::{Heap, Positions};
use crate::time::{Span, Time};
use crate::units::{Rate, Weight};

/// Units of service in a segment: a multiple of every number up to 16, of a million and of the nanoseconds in
/// a second, so that whole weights and rates a second divide without rest.
pub(super) const SERVICE_UNITS: u128 = 720_720 * 1024 * 1_000_000_000;

/// The server that has the whole rate.
pub(super) const ROOT: ServerId = ServerId(0);

/// A server of the tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ServerId(u32);

/// A child of a server: a queue, or another server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ChildId(u32);

/// The fluid system: arrivals in, ends of messages out.
#[derive(Clone, Debug)]
pub(super) struct Fluid {
    /// `None` is without limit: what arrives is finished at once.
    pace: Option<Pace>,
    now: Time,
    /// The part of a segment's time that has passed and was not yet a whole one, in segments ÷ `rate.per()`,
    /// and what was given for it.
    part: u128,
    given_for_part: u128,
    servers: Vec<Server>,
    children: Vec<Child>,
    positions: Positions,
    /// Messages that left while another of their queue was before them.
    withdrawn: BTreeSet<u64>,
    finished: Vec<Finished>,
}

/// A rate as it is needed at every step.
#[derive(Clone, Copy, Debug)]
struct Pace {
    segments: u128,
    /// In nanoseconds.
    per: u128,
    /// Units of service in a part of a segment's time, where that is a whole number.
    units_in_part: Option<u128>,
}

#[derive(Clone, Debug)]
struct Server {
    /// Which child it is; nobody's at the root.
    child: Option<ChildId>,
    virtual_time: u128,
    /// Service that is not virtual time yet.
    left: u128,
    /// Sum over the busy children, in millionths.
    weights: u128,
    /// Busy children, by the virtual time at which something happens to them.
    busy: Heap<u128>,
}

#[derive(Clone, Debug)]
struct Child {
    server: ServerId,
    weight: u64,
    /// Units of service: of a queue's finished messages, or all that a server was given.
    given: u128,
    below: Below,
}

#[derive(Clone, Debug)]
enum Below {
    /// And the virtual time of the server above up to which it was given its part.
    Server(ServerId, u128),
    Queue(Queue),
}

#[derive(Clone, Debug, Default)]
struct Queue {
    head: Option<Arrival>,
    /// The virtual time at which the head is finished, and the fraction of a unit that its weight left over,
    /// in 1 ÷ weight.
    finish: u128,
    carry: u64,
    waiting: VecDeque<Arrival>,
}

/// A message as the fluid system knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Arrival {
    pub(super) message: u64,
    pub(super) segments: u64,
}

/// The end of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Finished {
    pub(super) message: u64,
    /// Units of service that the root had to give since.
    ago: u128,
}

impl ChildId {
    /// Of no child.
    pub(super) const NONE: ChildId = ChildId(u32::MAX);
}

impl Fluid {
    pub(super) fn new(rate: Rate) -> Self {
        let root = Server::new(None);
        Fluid {
            pace: Some(Pace::new(rate)),
            now: Time::ZERO,
            part: 0,
            given_for_part: 0,
            servers: vec![root],
            children: Vec::new(),
            positions: Positions::default(),
            withdrawn: BTreeSet::new(),
            finished: Vec::new(),
        }
    }

    pub(super) fn add_queue(&mut self, server: ServerId, weight: Weight) -> ChildId {
        self.add(server, weight, Below::Queue(Queue::default()))
    }

    pub(super) fn add_server(&mut self, above: ServerId, weight: Weight) -> (ChildId, ServerId) {
        let server = ServerId(self.servers.len() as u32);
        let seen = self.server(above).virtual_time;
        let child = self.add(above, weight, Below::Server(server, seen));
        self.servers.push(Server::new(Some(child)));
        (child, server)
    }

    /// Lets time pass; what was finished meanwhile waits for [`Fluid::take_finished`].
    pub(super) fn advance(&mut self, now: Time) {
        let passed = now.since(self.now);
        if passed == Span::ZERO && self.pace.is_some() {
            return;
        }
        self.now = self.now.max(now);
        let service = self.service_in(passed);
        let root = &mut self.servers[ROOT.0 as usize];
        root.left = if root.weights == 0 { 0 } else { root.left.saturating_add(service) };
        self.serve(ROOT);
        let root = &mut self.servers[ROOT.0 as usize];
        if root.weights == 0 || self.pace.is_none() {
            root.left = 0;
        }
    }

    /// One of the messages that were finished up to now, the first of them last.
    pub(super) fn take_finished(&mut self) -> Option<Finished> {
        self.finished.pop()
    }

    /// When that was; before time passes again.
    pub(super) fn time_of(&self, finished: Finished) -> Time {
        let ago = self.time_for(finished.ago).as_nanoseconds();
        Time::from_nanoseconds(self.now.as_nanoseconds().saturating_sub(ago))
    }

    /// A message arrives now; [`Fluid::advance`] comes first, here and below.
    pub(super) fn arrive(&mut self, child: ChildId, arrival: Arrival) {
        if let Below::Queue(queue) = &mut self.child_mut(child).below
            && queue.head.is_some()
        {
            queue.waiting.push_back(arrival);
            return;
        }
        let server = self.child(child).server;
        self.settle(server);
        self.begin(child, Some(arrival), self.server(server).virtual_time);
        self.rekey_above(server);
    }

    /// A message leaves without having been finished. Returns the units that were served of it.
    pub(super) fn withdraw(&mut self, child: ChildId, message: u64) -> u128 {
        let Below::Queue(queue) = &self.child(child).below else { return 0 };
        if queue.head.is_none_or(|head| head.message != message) {
            self.withdrawn.insert(message);
            return 0;
        }
        let server = self.child(child).server;
        self.settle(server);
        let served = self.served_of_head(child);
        self.child_mut(child).given += served;
        self.begin_next(child, self.server(server).virtual_time);
        self.rekey_above(server);
        served
    }

    /// Units of service that a child got so far.
    pub(super) fn given(&mut self, child: ChildId) -> u128 {
        match self.child(child).below {
            Below::Queue(_) => {
                self.settle(self.child(child).server);
                self.child(child).given + self.served_of_head(child)
            }
            Below::Server(server, _) => {
                self.settle(server);
                self.child(child).given - self.server(server).left
            }
        }
    }

    /// A child's weight is another from now on.
    pub(super) fn reweigh(&mut self, child: ChildId, weight: Weight) {
        let server = self.child(child).server;
        if let Below::Server(below, _) = self.child(child).below {
            self.settle(below);
        } else {
            self.settle(server);
        }
        let is_busy = self.positions.contains(child.0);
        let now = self.server(server).virtual_time;
        let (old, new) = (self.child(child).weight, weight.millionths());
        self.child_mut(child).weight = new;
        if is_busy {
            let weights = &mut self.servers[server.0 as usize].weights;
            *weights = *weights + u128::from(new) - u128::from(old);
        }
        match &mut self.child_mut(child).below {
            Below::Queue(queue) if is_busy => {
                let left = queue.finish.saturating_sub(now).saturating_mul(u128::from(old));
                queue.finish = now + left / u128::from(new);
                queue.carry = 0;
                let finish = queue.finish;
                self.await_at(child, finish);
            }
            Below::Queue(_) => {}
            Below::Server(..) => self.rekey(child),
        }
        self.rekey_above(server);
    }

    /// The rate is another from now on.
    pub(super) fn set_rate(&mut self, rate: Option<Rate>) {
        (self.part, self.given_for_part) = (0, 0);
        self.pace = rate.map(Pace::new);
    }

    fn add(&mut self, server: ServerId, weight: Weight, below: Below) -> ChildId {
        let weight = weight.millionths();
        self.children.push(Child { server, weight, given: 0, below });
        ChildId(self.children.len() as u32 - 1)
    }

    /// Units of service in so much time.
    fn service_in(&mut self, passed: Span) -> u128 {
        let Some(pace) = self.pace else { return u128::MAX / 4 };
        self.part += u128::from(passed.as_nanoseconds()) * pace.segments;
        let whole = divide(self.part, pace.per);
        self.part -= whole * pace.per;
        let for_part = match pace.units_in_part {
            Some(units) => self.part * units,
            None => self.part * SERVICE_UNITS / pace.per,
        };
        let before = std::mem::replace(&mut self.given_for_part, for_part);
        whole * SERVICE_UNITS + for_part - before
    }

    /// How long the root takes for so many units.
    fn time_for(&self, units: u128) -> Span {
        let Some(Pace { segments, per, .. }) = self.pace else { return Span::ZERO };
        let (whole, rest) = (units / SERVICE_UNITS, units % SERVICE_UNITS);
        let time = (whole * per + rest * per / SERVICE_UNITS) / segments;
        Span::from_nanoseconds(u64::try_from(time).unwrap_or(u64::MAX))
    }

    /// Turns what a server has left into virtual time, and ends what is finished in it.
    fn serve(&mut self, id: ServerId) {
        while let Some((next, child)) = self.server(id).busy.peek() {
            let server = &mut self.servers[id.0 as usize];
            // What is too far away for the integer is farther than any run.
            let to_next = next.saturating_sub(server.virtual_time).saturating_mul(server.weights);
            if server.left < to_next {
                server.creep();
                return;
            }
            server.left -= to_next;
            server.virtual_time = server.virtual_time.max(next);
            let child = ChildId(child);
            match self.child(child).below {
                Below::Queue(_) => self.finish(child),
                Below::Server(below, _) => {
                    self.give(child);
                    self.serve(below);
                    self.rekey(child);
                }
            }
        }
    }

    /// The head of a queue is finished: its server's virtual time has come to its tag.
    fn finish(&mut self, child: ChildId) {
        let ago = self.server(ROOT).left;
        let at = self.child_mut(child);
        let Below::Queue(queue) = &mut at.below else { return };
        let Some(head) = queue.head else { return };
        at.given += u128::from(head.segments) * SERVICE_UNITS;
        let finish = queue.finish;
        self.finished.push(Finished { message: head.message, ago });
        self.begin_next(child, finish);
    }

    /// The next message of a queue, if there is one, is its head from a virtual time on.
    fn begin_next(&mut self, child: ChildId, from: u128) {
        let Below::Queue(queue) = &mut self.children[child.0 as usize].below else { return };
        let mut next = queue.waiting.pop_front();
        while next.is_some_and(|next| self.withdrawn.remove(&next.message)) {
            next = queue.waiting.pop_front();
        }
        self.begin(child, next, from);
    }

    fn begin(&mut self, child: ChildId, head: Option<Arrival>, from: u128) {
        let at = self.child_mut(child);
        let weight = u128::from(at.weight);
        let Below::Queue(queue) = &mut at.below else { return };
        queue.head = head;
        let Some(head) = head else {
            queue.carry = 0;
            self.idle(child);
            return;
        };
        let length = u128::from(head.segments) * SERVICE_UNITS + u128::from(queue.carry);
        let whole = divide(length, weight);
        queue.finish = from + whole;
        queue.carry = (length - whole * weight) as u64;
        let finish = queue.finish;
        self.await_at(child, finish);
    }

    /// Gives a server below what its own server's virtual time says.
    fn give(&mut self, child: ChildId) {
        let now = self.server(self.child(child).server).virtual_time;
        let at = &mut self.children[child.0 as usize];
        let Below::Server(below, seen) = &mut at.below else { return };
        let passed = now - std::mem::replace(seen, now);
        let server = &mut self.servers[below.0 as usize];
        if server.weights > 0 {
            let amount = passed * u128::from(at.weight);
            at.given += amount;
            server.left += amount;
        }
    }

    /// Brings a server and those above it to the present; nothing happens in between.
    fn settle(&mut self, id: ServerId) {
        let Some(child) = self.server(id).child else { return };
        self.settle(self.child(child).server);
        self.give(child);
        self.servers[id.0 as usize].creep();
    }

    /// Says anew when something happens next below every server from this one upwards.
    fn rekey_above(&mut self, mut id: ServerId) {
        while let Some(child) = self.server(id).child {
            self.rekey(child);
            id = self.child(child).server;
        }
    }

    /// Says anew when something happens next in a server that is a child.
    fn rekey(&mut self, child: ChildId) {
        let Below::Server(below, seen) = self.child(child).below else { return };
        let server = &mut self.servers[below.0 as usize];
        let Some((next, _)) = server.busy.peek() else {
            let back = std::mem::take(&mut server.left);
            let at = self.child_mut(child);
            at.given -= back;
            let above = at.server;
            self.servers[above.0 as usize].left += back;
            self.idle(child);
            return;
        };
        let to_next = next.saturating_sub(server.virtual_time).saturating_mul(server.weights);
        let to_next = to_next.saturating_sub(server.left);
        let weight = u128::from(self.child(child).weight);
        self.await_at(child, seen.saturating_add(to_next.div_ceil(weight)));
    }

    /// Something happens to a child, which is busy, at this virtual time of its server.
    fn await_at(&mut self, child: ChildId, when: u128) {
        let at = &self.children[child.0 as usize];
        let server = &mut self.servers[at.server.0 as usize];
        if !self.positions.contains(child.0) {
            server.weights += u128::from(at.weight);
        }
        server.busy.set(&mut self.positions, child.0, when);
    }

    /// Nothing happens to a child any more.
    fn idle(&mut self, child: ChildId) {
        let at = &self.children[child.0 as usize];
        let server = &mut self.servers[at.server.0 as usize];
        if self.positions.contains(child.0) {
            server.weights -= u128::from(at.weight);
            server.busy.remove(&mut self.positions, child.0);
        }
    }

    /// Units that were served of a queue's first message; its server is at the present.
    fn served_of_head(&self, child: ChildId) -> u128 {
        let at = self.child(child);
        let Below::Queue(queue) = &at.below else { return 0 };
        let Some(head) = queue.head else { return 0 };
        let to_finish = queue.finish.saturating_sub(self.server(at.server).virtual_time);
        let length = u128::from(head.segments) * SERVICE_UNITS;
        length.saturating_sub(to_finish.saturating_mul(u128::from(at.weight)))
    }

    fn server(&self, id: ServerId) -> &Server {
        &self.servers[id.0 as usize]
    }

    fn child(&self, id: ChildId) -> &Child {
        &self.children[id.0 as usize]
    }

    fn child_mut(&mut self, id: ChildId) -> &mut Child {
        &mut self.children[id.0 as usize]
    }
}

#[cfg(test)]
impl Fluid {
    /// What the root gave to these children of its own, and what it has left.
    pub(super) fn root_gave(&self, children: impl Iterator<Item = ChildId>) -> u128 {
        children.map(|child| self.child(child).given).sum::<u128>() + self.server(ROOT).left
    }
}

impl Pace {
    fn new(rate: Rate) -> Self {
        let per = u128::from(rate.per().as_nanoseconds());
        let divides = SERVICE_UNITS.is_multiple_of(per);
        let units_in_part = divides.then_some(SERVICE_UNITS / per);
        Pace { segments: u128::from(rate.segments()), per, units_in_part }
    }
}

/// Numbers are mostly short, and dividing long ones takes ten times as long.
fn divide(number: u128, by: u128) -> u128 {
    match (u64::try_from(number), u64::try_from(by)) {
        (Ok(number), Ok(by)) => u128::from(number / by),
        _ => number / by,
    }
}

impl Server {
    fn new(child: Option<ChildId>) -> Self {
        Server { child, virtual_time: 0, left: 0, weights: 0, busy: Heap::default() }
    }

    /// Lets the virtual time grow as far as what is left reaches, but not past the next thing to happen.
    fn creep(&mut self) {
        if let Some((next, _)) = self.busy.peek() {
            let step = divide(self.left, self.weights).min(next.saturating_sub(self.virtual_time));
            self.virtual_time += step;
            self.left -= step * self.weights;
        }
    }
}
