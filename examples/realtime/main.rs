//! A lane in real time: clock, threads and channels are here, the decisions are the library's.
//!
//! `cargo run --release --example realtime --no-default-features -- [SECONDS [LOG]]`
//!
//! Three tenants submit from threads of their own, a carrier with two sessions answers and sends receipts
//! from another, and the main thread drives the lane: it hands it what happens, asks it what to send, and
//! sleeps until something happens or the lane wants to be asked. Every call is written to a log with its
//! time and its outcome. At the end the log is replayed in virtual time, without waiting, and must come out
//! the same to the last byte: what a lane decides depends on nothing but what it is told.

mod driver;
mod log;

use std::time::Duration;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(3.0);
    let path = arguments.next().unwrap_or_else(|| "decisions.log".into());
    let recorded = driver::run(Duration::from_secs_f64(seconds));
    std::fs::write(&path, &recorded)?;
    let replayed = log::replay(&std::fs::read_to_string(&path)?);
    let lines = recorded.lines().count();
    match replayed {
        Ok(replayed) if replayed == recorded => {
            println!("{lines} lines in {path}; replayed in virtual time they are the same");
            Ok(())
        }
        Ok(replayed) => {
            let differ = recorded.lines().zip(replayed.lines()).find(|(one, other)| one != other);
            Err(std::io::Error::other(format!("the replay differs: {differ:?}")))
        }
        Err(line) => Err(std::io::Error::other(format!("this line is no call: {line}"))),
    }
}
