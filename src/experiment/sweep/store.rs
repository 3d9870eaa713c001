//! Records on disk: each is old or new, never half, whenever the process dies.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::SWEEP_SCHEMA_VERSION;
use crate::measure::Quantile;

/// A folder of records by key.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What is kept of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replication {
    /// Its seed, as text because some readers lose integers above 2⁵³.
    pub seed: String,
    /// The digest of its events.
    pub digest: String,
    /// Messages submitted.
    pub submitted: u64,
    /// By metric; null where the run has no such figure.
    pub values: Vec<Option<Quantile>>,
}

/// A record as it stands in its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// Layout of the file.
    pub schema_version: u32,
    /// What it is stored under.
    pub key: String,
    /// In order of the seeds.
    pub replications: Vec<Replication>,
}

/// Why a record could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct StoreError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the file system said.
    pub source: io::Error,
}

/// Ends the names of files that are being written.
const UNFINISHED: &str = ".unfinished";

impl Store {
    /// Opens the folder, which is made, and clears what killed processes left unfinished.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn open(folder: &Path) -> Result<Store, StoreError> {
        let store = Store { folder: folder.to_path_buf() };
        fs::create_dir_all(folder).map_err(|source| store.failed(folder, source))?;
        for entry in fs::read_dir(folder).map_err(|source| store.failed(folder, source))? {
            let path = entry.map_err(|source| store.failed(folder, source))?.path();
            if path.to_string_lossy().ends_with(UNFINISHED) && is_abandoned(&path) {
                // Another process may have cleared it meanwhile.
                let _ = fs::remove_file(&path);
            }
        }
        Ok(store)
    }

    /// The replications of a record; `None` when there is none that is whole and of so many metrics.
    pub fn read(&self, key: &str, metrics: usize) -> Option<Vec<Replication>> {
        let text = fs::read(self.path(key)).ok()?;
        let stored: Stored = serde_json::from_slice(&text).ok()?;
        let is_whole = stored.schema_version == SWEEP_SCHEMA_VERSION
            && stored.key == key
            && stored.replications.iter().all(|one| one.values.len() == metrics);
        is_whole.then_some(stored.replications)
    }

    /// Writes a record in place of an older one.
    ///
    /// # Errors
    /// When the file system refuses; the older one is then still there.
    pub fn write(&self, key: &str, replications: &[Replication]) -> Result<(), StoreError> {
        let stored = Stored {
            schema_version: SWEEP_SCHEMA_VERSION,
            key: key.to_owned(),
            replications: replications.to_vec(),
        };
        let text = serde_json::to_string(&stored).expect("names and numbers are always JSON");
        self.replace(&format!("{key}.json"), &(text + "\n"))
    }

    /// The text of the plan that the store was last used for.
    pub fn plan(&self) -> Option<String> {
        fs::read_to_string(self.folder.join(PLAN_FILE)).ok()
    }

    /// Notes which plan the store is used for.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn set_plan(&self, text: &str) -> Result<(), StoreError> {
        self.replace(PLAN_FILE, text)
    }

    /// Where the record of a key is.
    pub fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }

    /// Puts a text into a file by way of another one: on disk before it is named.
    fn replace(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let target = self.folder.join(name);
        let own = self.folder.join(format!(".{name}.{}{UNFINISHED}", std::process::id()));
        let attempt = || {
            let mut file = File::create(&own)?;
            // Held until it has its name, so that nobody takes it for abandoned.
            file.lock()?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&own, &target)
        };
        let mut outcome = attempt();
        // Another process that opened the store between creation and lock has cleared it: again.
        for _ in 0..3 {
            match &outcome {
                Err(error) if error.kind() == io::ErrorKind::NotFound => outcome = attempt(),
                _ => break,
            }
        }
        outcome.map_err(|source| self.failed(&target, source))?;
        // The name is on disk only when its folder is; some systems cannot open folders.
        if let Ok(folder) = File::open(&self.folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    fn failed(&self, path: &Path, source: io::Error) -> StoreError {
        StoreError { path: path.to_path_buf(), source }
    }
}

const PLAN_FILE: &str = "plan.json";

/// Whether nobody is writing the file.
fn is_abandoned(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => !matches!(file.try_lock(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Place {
            let name = format!("apportion-store-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _ = fs::remove_dir_all(&path);
            Place(path)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn replication(seed: u64) -> Replication {
        let values = vec![Some(Quantile::Exactly(0.1)), None, Some(Quantile::Above(1e-9))];
        Replication { seed: seed.to_string(), digest: "v1:0".into(), submitted: 9, values }
    }

    #[test]
    fn a_record_reads_back_as_it_was_and_nothing_else_is_one() {
        let place = Place::new("round-trip");
        let store = Store::open(&place.0).expect("made");
        assert_eq!(store.read("a", 3), None);
        let both = [replication(1), replication(2)];
        store.write("a", &both).expect("written");
        assert_eq!(store.read("a", 3), Some(both.to_vec()));
        assert_eq!(store.read("a", 2), None, "of other metrics");
        assert_eq!(store.read("b", 3), None);
        // A record that was renamed, cut off, or is of another layout is no record.
        let text = fs::read_to_string(store.path("a")).expect("readable");
        fs::write(store.path("b"), &text).expect("written");
        assert_eq!(store.read("b", 3), None);
        for length in 0..text.trim_end().len() {
            fs::write(store.path("a"), &text[..length]).expect("written");
            assert_eq!(store.read("a", 3), None, "cut at {length}");
        }
        fs::write(store.path("a"), text.replace("\"schema_version\":1", "\"schema_version\":9"))
            .expect("written");
        assert_eq!(store.read("a", 3), None);
    }

    #[test]
    fn what_was_left_unfinished_is_cleared_and_what_is_being_written_is_not() {
        let place = Place::new("unfinished");
        let store = Store::open(&place.0).expect("made");
        store.write("a", &[replication(1)]).expect("written");
        let dead = place.0.join(".b.json.1.unfinished");
        let alive = place.0.join(".c.json.2.unfinished");
        fs::write(&dead, "{").expect("written");
        let held = File::create(&alive).expect("written");
        held.lock().expect("locked");
        let store = Store::open(&place.0).expect("there");
        assert!(!dead.exists() && alive.exists());
        assert_eq!(store.read("a", 3).map(|all| all.len()), Some(1));
    }
}
