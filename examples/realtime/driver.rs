//! Clock, threads and channels around a lane.

#![allow(clippy::disallowed_methods, reason = "real time is read here, and here alone")]

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use apportion::scheduler::{Attempt, Status};
use apportion::time::Time;

use super::log::{Call, LoggedLane, WEIGHTS};

/// Runs for so long and returns the log.
pub(crate) fn run(lasts: Duration) -> String {
    let started = Instant::now();
    let now = || Time::from_nanoseconds(started.elapsed().as_nanos() as u64);
    let (tell, told) = mpsc::channel();
    let (send, sent) = mpsc::channel();
    let threads = [
        thread::spawn({
            let tell = tell.clone();
            move || carrier(&sent, &tell)
        }),
        thread::spawn(move || tenants(lasts, &tell)),
    ];
    let mut lane = LoggedLane::new();
    for session in 0..2 {
        let _ = lane.call(now(), Call::Session { id: session, window: Some(10) });
    }
    let mut ends = started + lasts;
    while Instant::now() < ends {
        let wake = loop {
            match lane.call(now(), Call::Next) {
                // A carrier that is gone answers nothing: the lane's time-out sees to that.
                Ok(attempt) => drop(send.send(attempt)),
                Err(wake) => break wake,
            }
        };
        let wake = Duration::from_nanos(wake.as_nanoseconds());
        let sleep = (started + wake.min(lasts)).saturating_duration_since(Instant::now());
        match told.recv_timeout(sleep) {
            Ok(call) => drop(lane.call(now(), call)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => ends = Instant::now(),
        }
    }
    drop((send, told));
    for thread in threads {
        thread.join().expect("neither carrier nor tenants panic");
    }
    lane.into_log()
}

/// Answers every attempt, one in nine as throttled, and reports what it took as delivered.
fn carrier(sent: &Receiver<Attempt>, tell: &Sender<Call>) {
    for (number, attempt) in sent.iter().enumerate() {
        thread::sleep(Duration::from_millis(2));
        let ticket = attempt.ticket;
        // One in fifty is lost.
        if number % 50 == 49 {
            continue;
        }
        let status = if number % 9 == 8 { Status::THROTTLED } else { Status::OK };
        let delivered = (status == Status::OK).then_some(Call::Delivered { ticket });
        for call in [Some(Call::Answered { ticket, status }), delivered].into_iter().flatten() {
            if tell.send(call).is_err() {
                return;
            }
        }
    }
}

/// All tenants submit alike; the heaviest is paused for the middle third.
fn tenants(lasts: Duration, tell: &Sender<Call>) {
    let gap = Duration::from_millis(3);
    let rounds = (lasts.as_nanos() / gap.as_nanos()) as u64;
    for round in 0..rounds {
        let tenants = WEIGHTS.len() as u64;
        let submits = (0..tenants).map(|tenant| Call::Submit {
            id: round * tenants + tenant,
            tenant: tenant as u32,
            segments: 1 + (round % 3) as u32,
            expires: Time::NEVER,
        });
        let order = |is_paused| Call::Pause { tenant: 2, is_paused };
        let pause = (round == rounds / 3).then(|| order(true));
        let resume = (round == rounds * 2 / 3).then(|| order(false));
        for call in submits.chain(pause).chain(resume) {
            if tell.send(call).is_err() {
                return;
            }
        }
        thread::sleep(gap);
    }
}
