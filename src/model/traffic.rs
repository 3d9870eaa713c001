//! When messages arrive, and what they are.
//!
//! One file an arrival kind and a line in [`Process`]. A process only says when messages come; what they
//! are, from which sender, and whether they must wait for a send window is the same for all
//! ([`SourceState`]). All that one message draws comes from its own ordinal of the source's stream, so no
//! other source, fault or policy shifts it. Closed loops are the exception by nature: when their messages
//! come depends on when earlier ones were served, and so on the policy.

mod campaign;
mod closed_loop;
mod constant;
mod flash_crowd;
mod held;
mod on_off;
mod poisson;
mod profile;
mod renewal;

use self::campaign::Campaign;
use self::closed_loop::ClosedLoop;
use self::constant::Constant;
use self::flash_crowd::FlashCrowd;
use self::held::Held;
use self::on_off::OnOff;
use self::poisson::Poisson;
use self::profile::Profile;
use self::renewal::Renewal;
use crate::engine::{Draws, Luck, Seed, Stream, StreamName, Zipf, index_below};
use crate::scenario::{Arrivals, Awaited, SenderUse, Source};
use crate::time::{Span, Time};
use crate::units::{Rate, Segments, SenderId};

/// A source at work.
pub(super) struct SourceState<'a> {
    source: &'a Source,
    stream: Stream,
    /// Ordinal of the next message to be drawn.
    ordinal: u64,
    /// Messages handed out.
    submitted: u64,
    /// What each message costs, where that is the same for all.
    only_size: Option<Segments>,
    /// Sum of the relative frequencies of the segment sizes.
    sizes_total: u64,
    first_sender: SenderId,
    sender_count: u32,
    senders: Option<Box<Zipf>>,
    process: Process<'a>,
    /// What arrives at the time that was last announced.
    pending: Option<Drawn>,
    /// Messages that wait for their send window, where there is one.
    held: Option<Box<Held<'a>>>,
}

/// One message of a source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawn {
    pub(super) segments: Segments,
    pub(super) sender: SenderId,
}

/// The registry: every kind of arrivals that comes by itself, and the one that waits to be asked.
enum Process<'a> {
    Constant(Constant<'a>),
    Poisson(Poisson<'a>),
    Renewal(Renewal<'a>),
    OnOff(Box<OnOff<'a>>),
    Campaign(Campaign),
    FlashCrowd(Box<FlashCrowd>),
    Profile(Box<Profile<'a>>),
    ClosedLoop(Box<ClosedLoop<'a>>),
}

impl<'a> Process<'a> {
    /// `side` is a stream for what belongs to no single message, `end` when all arrivals end.
    fn new(arrivals: &'a Arrivals, side: Stream, end: Time) -> Self {
        match arrivals {
            Arrivals::Constant { pace, staggered } => {
                Process::Constant(Constant::new(pace, *staggered))
            }
            Arrivals::Poisson { pace } => Process::Poisson(Poisson::new(pace)),
            Arrivals::Renewal { pace, gaps } => Process::Renewal(Renewal::new(pace, *gaps)),
            Arrivals::OnOff { pace, on, off } => {
                Process::OnOff(Box::new(OnOff::new(pace, on, off, side)))
            }
            Arrivals::Campaign { at, messages, over, .. } => {
                Process::Campaign(Campaign { at: *at, messages: *messages, over: *over })
            }
            Arrivals::FlashCrowd { at, peak, rise, half_life } => {
                let crowd = FlashCrowd::new(*at, *peak, *rise, *half_life, end);
                Process::FlashCrowd(Box::new(crowd))
            }
            Arrivals::Profile(profile) => {
                Process::Profile(Box::new(Profile::new(profile, side, end)))
            }
            Arrivals::ClosedLoop { submitters, think, awaits, from, until } => {
                let crowd = ClosedLoop::new(*submitters, think, *awaits, *from..*until, side);
                Process::ClosedLoop(Box::new(crowd))
            }
        }
    }

    /// When the next message comes, if one does.
    fn next(&mut self, turn: &Turn<'_>) -> Option<Time> {
        match self {
            Process::Constant(process) => process.next(turn),
            Process::Poisson(process) => process.next(turn),
            Process::Renewal(process) => process.next(turn),
            Process::OnOff(process) => process.next(turn),
            Process::Campaign(process) => process.next(turn),
            Process::FlashCrowd(process) => process.next(turn),
            Process::Profile(process) => process.next(turn),
            Process::ClosedLoop(_) => None,
        }
    }
}

/// The luck of the message at hand: one block, and more where a sampler rejects.
struct Turn<'t> {
    stream: &'t Stream,
    ordinal: u64,
    luck: Luck,
}

impl<'t> Turn<'t> {
    fn new(stream: &'t Stream, ordinal: u64) -> Self {
        Turn { stream, ordinal, luck: stream.luck(ordinal, 0) }
    }

    fn gap(&self) -> u64 {
        self.luck.number(0)
    }
    fn size(&self) -> u64 {
        self.luck.number(1)
    }
    fn zone(&self) -> u64 {
        self.luck.number(2)
    }
    /// For gaps whose sampler rejects: the rest of the block, and those after it.
    fn gap_draws(&self) -> Draws {
        Draws::continuing(self.stream, self.ordinal, self.luck, 3)
    }
    /// For senders, far behind whatever a gap may take.
    fn sender_draws(&self) -> Draws {
        Draws::new(self.stream, self.ordinal, 128)
    }
}

impl<'a> SourceState<'a> {
    /// `tenant` is the name of the source's tenant, `end` when all arrivals end.
    pub(super) fn new(source: &'a Source, tenant: &str, seed: Seed, end: Time) -> Self {
        Self::named(source, &format!("tenant/{tenant}"), &source.name, seed, end)
    }

    /// Messages that a fault makes: their luck belongs to the fault's name.
    pub(super) fn of_fault(
        source: &'a Source,
        fault: &str,
        tenant: &str,
        seed: Seed,
        end: Time,
    ) -> Self {
        Self::named(source, &format!("fault/{fault}"), tenant, seed, end)
    }

    fn named(source: &'a Source, entity: &str, name: &str, seed: Seed, end: Time) -> Self {
        let stream = |purpose: String| seed.stream(&StreamName::new(entity, purpose));
        let side = stream(format!("traffic/{name}/side"));
        let senders = match source.sender_use {
            SenderUse::InTurn => None,
            SenderUse::Zipf(exponent) => {
                Some(Box::new(Zipf::new(u64::from(source.senders), exponent)))
            }
        };
        SourceState {
            source,
            stream: stream(format!("traffic/{name}")),
            ordinal: 0,
            submitted: 0,
            only_size: match source.segments.as_slice() {
                [(only, _)] => Some(Segments(*only)),
                _ => None,
            },
            first_sender: source.first_sender,
            sender_count: source.senders,
            sizes_total: source.segments.iter().map(|(_, share)| u64::from(*share)).sum(),
            senders,
            process: Process::new(&source.arrivals, side, end),
            pending: None,
            held: source.send_window.as_ref().map(|window| Box::new(Held::new(window, end))),
        }
    }

    /// What it submits, of whom and where to.
    pub(super) fn source(&self) -> &'a Source {
        self.source
    }

    /// How many messages it has handed out: orders simultaneous ones.
    pub(super) fn submitted(&self) -> u64 {
        self.submitted
    }

    /// When the next message arrives, if one does; never earlier than the one before, which
    /// [`SourceState::draw`] must have taken.
    pub(super) fn next_arrival(&mut self) -> Option<Time> {
        let found = match self.held.take() {
            None => self.fresh().map(|(time, drawn, _)| (time, drawn)),
            Some(mut held) => {
                let found = held.next(|| self.fresh());
                self.held = Some(held);
                found
            }
        };
        let (time, drawn) = found?;
        self.pending = Some(drawn);
        Some(time)
    }

    /// Draws the message that arrives now.
    pub(super) fn draw(&mut self) -> Drawn {
        self.submitted += 1;
        // A closed loop announces nothing: its messages are drawn when they are asked for.
        self.pending.take().unwrap_or_else(|| {
            let drawn = self.message(&Turn::new(&self.stream, self.ordinal));
            self.ordinal += 1;
            drawn
        })
    }

    /// The next message of the process, with the draw that decides its recipient's zone.
    fn fresh(&mut self) -> Option<(Time, Drawn, u64)> {
        let turn = Turn::new(&self.stream, self.ordinal);
        let time = self.process.next(&turn)?;
        let (drawn, zone) = (self.message(&turn), turn.zone());
        self.ordinal += 1;
        Some((time, drawn, zone))
    }

    fn message(&self, turn: &Turn<'_>) -> Drawn {
        let segments = self.only_size.unwrap_or_else(|| {
            let mut left = index_below(turn.size(), self.sizes_total);
            let chosen = self.source.segments.iter().find(|(_, share)| {
                let share = u64::from(*share);
                let is_here = left < share;
                left = left.saturating_sub(share);
                is_here
            });
            Segments(chosen.expect("the draw is below the sum of all frequencies").0)
        });
        let sender = match &self.senders {
            None => turn.ordinal % u64::from(self.sender_count),
            Some(ranks) => ranks.rank(&mut turn.sender_draws()) - 1,
        };
        Drawn { segments, sender: SenderId(self.first_sender.0 + sender as u32) }
    }

    /// What its submitters wait for, where it is a closed loop.
    pub(super) fn awaits(&self) -> Option<Awaited> {
        match &self.process {
            Process::ClosedLoop(process) => Some(process.awaits()),
            _ => None,
        }
    }

    /// When a submitter that thinks from `now` on submits its next message, and a number of its own for
    /// that event; `None` when that is too late, or when nobody submits like this here.
    pub(super) fn think(&mut self, now: Time) -> Option<(Time, u64)> {
        match &mut self.process {
            Process::ClosedLoop(process) => process.think(now),
            _ => None,
        }
    }

    /// When each of its submitters submits its first message.
    pub(super) fn first_thoughts(&mut self) -> Vec<(Time, u64)> {
        match &mut self.process {
            Process::ClosedLoop(process) => process.first_thoughts(),
            _ => Vec::new(),
        }
    }
}

/// A gap of mean one second stretched to the mean gap of a rate: no rounding of the rate itself.
fn stretched(gap: Span, rate: Rate) -> Span {
    let stretched = u128::from(gap.as_nanoseconds()) * u128::from(rate.per().as_nanoseconds())
        / (u128::from(rate.segments()) * 1_000_000_000);
    Span::from_nanoseconds(u64::try_from(stretched).unwrap_or(u64::MAX))
}

/// A number of mean gaps as a span in which the mean gap is a second.
fn in_seconds(gaps: f64) -> Span {
    Span::from_nanoseconds(libm::round(gaps * 1e9) as u64)
}

/// The sum, or the longest span.
fn saturating_sum(one: Span, other: Span) -> Span {
    Time::ZERO.saturating_add(one).saturating_add(other).since(Time::ZERO)
}

#[cfg(test)]
mod tests;
