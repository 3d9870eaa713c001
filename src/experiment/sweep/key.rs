//! What a record is stored under: a hash of everything that determines it.

use std::fmt::{self, Write};

use xxhash_rust::xxh3::Xxh3;

use super::SWEEP_SCHEMA_VERSION;
use crate::scenario::Scenario;

/// 128 bits in hexadecimal of the resolved point, policy, first seed, metrics and version. What a
/// scenario says without changing a run (name, description, checks) is left out.
pub(super) fn key(
    scenario: &Scenario,
    policy: &str,
    first_seed: u64,
    metrics: &[String],
) -> String {
    let mut normal = scenario.clone();
    normal.name.clear();
    normal.description.clear();
    normal.policy.clear();
    normal.seed = 0;
    normal.checks.clear();
    if let Some(log) = &mut normal.log {
        // The messages themselves are hashed; where they stood is not theirs.
        log.path.clear();
    }
    let mut hasher = Hashing(Xxh3::new());
    let version = env!("CARGO_PKG_VERSION");
    // The derived form writes every field, and floats so that they read back as themselves.
    let written = write!(
        hasher,
        "{SWEEP_SCHEMA_VERSION}\0{version}\0{policy}\0{first_seed}\0{metrics:?}\0{normal:?}"
    );
    written.expect("a hash takes every text");
    format!("{:032x}", hasher.0.digest128())
}

struct Hashing(Xxh3);

impl Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}
