//! The folder of a result: staged beside its place, then exchanged.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::ReportError;
use super::manifest::{MANIFEST_FILE, is_ours};

/// A results folder in the making.
///
/// Files are written into [`ResultsFolder::staging`], a hidden sibling of the target. Only
/// [`ResultsFolder::commit`] touches the target: the old result is renamed aside, the new one into
/// place, and the old one removed. When the process dies between the two renames, [`recover`] (which
/// [`ResultsFolder::prepare`] calls) puts the old result back. Dropping without a commit leaves the
/// old result whole and removes the staged files, and the parents that were made for them.
#[derive(Debug)]
pub struct ResultsFolder {
    target: PathBuf,
    staging: PathBuf,
    aside: PathBuf,
    /// Held while the folder is staged, so that a second process does not take it for abandoned.
    lock: Option<File>,
    /// Parents of the target that were made for it, innermost first.
    made: Vec<PathBuf>,
}

/// Inside the staged folder; locked by the process that fills it, gone after the commit.
const LOCK_FILE: &str = ".apportion-lock";

impl ResultsFolder {
    /// Stages a result for `target`, which need not exist; its parents are made.
    ///
    /// # Errors
    /// When `target` exists and is not a result of this tool, when another process is writing the same
    /// result, or when the file system refuses.
    pub fn prepare(target: &Path) -> Result<Self, ReportError> {
        let (parent, staging, aside) = siblings(target)?;
        let made: Vec<PathBuf> = parent
            .ancestors()
            .take_while(|place| !exists_or_is_here(place))
            .map(Path::to_path_buf)
            .collect();
        fs::create_dir_all(&parent).map_err(|source| ReportError::io(&parent, source))?;
        recover(target)?;
        refuse_foreign(target)?;
        clear_abandoned(target, &staging)?;
        fs::create_dir(&staging).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => ReportError::Busy { path: target.to_path_buf() },
            _ => ReportError::io(&staging, source),
        })?;
        let lock_path = staging.join(LOCK_FILE);
        let lock =
            File::create(&lock_path).map_err(|source| ReportError::io(&lock_path, source))?;
        lock.lock().map_err(|source| ReportError::io(&lock_path, source))?;
        Ok(ResultsFolder { target: target.to_path_buf(), staging, aside, lock: Some(lock), made })
    }

    /// Where the files of the result are written before the commit.
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Where the result will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Puts the staged result in place of the old one. A second call does nothing.
    ///
    /// # Errors
    /// When the staged result has no manifest, when the target has become something that is not a
    /// result, or when the file system refuses; the old result is then still in place.
    pub fn commit(&mut self) -> Result<(), ReportError> {
        if self.lock.is_none() {
            return Ok(());
        }
        if !is_ours(&self.staging) {
            return Err(ReportError::NoManifest { path: self.staging.join(MANIFEST_FILE) });
        }
        refuse_foreign(&self.target)?;
        let lock_path = self.staging.join(LOCK_FILE);
        fs::remove_file(&lock_path).map_err(|source| ReportError::io(&lock_path, source))?;
        let replaces = exists(&self.target);
        if replaces {
            rename(&self.target, &self.aside)?;
        }
        if let Err(error) = rename(&self.staging, &self.target) {
            if replaces {
                rename(&self.aside, &self.target)?;
            }
            return Err(error);
        }
        self.lock = None;
        // The new result is in place; an old one that resists removal is cleared by the next run.
        let _ = fs::remove_dir_all(&self.aside);
        Ok(())
    }
}

impl Drop for ResultsFolder {
    fn drop(&mut self) {
        if self.lock.take().is_some() {
            // Nobody is left to tell; what stays behind is cleared by the next run.
            let _ = fs::remove_dir_all(&self.staging);
            // A parent that has something in it by now resists, which is right.
            for parent in &self.made {
                let _ = fs::remove_dir(parent);
            }
        }
    }
}

/// Repairs a target whose exchange was interrupted, and clears what an exchange left behind.
/// Readers of a result call it first; it is harmless when nothing is amiss.
///
/// # Errors
/// When the path names no folder or the file system refuses.
pub fn recover(target: &Path) -> Result<(), ReportError> {
    let (_, _, aside) = siblings(target)?;
    if !exists(&aside) {
        return Ok(());
    }
    if exists(target) {
        fs::remove_dir_all(&aside).map_err(|source| ReportError::io(&aside, source))
    } else {
        rename(&aside, target)
    }
}

/// The folder of one run below `results`: `<scenario>/<policy>-<seed>[-<hash of the overrides>]`.
///
/// Characters that a folder's name had better not contain become `-`. `overrides` are the
/// `path=value` texts of `--set`, in the order given.
pub fn run_folder(
    results: &Path,
    scenario: &str,
    policy: &str,
    seed: u64,
    overrides: &[String],
) -> PathBuf {
    let mut run = format!("{}-{seed}", component(policy));
    if !overrides.is_empty() {
        // A separator that no command line argument can contain keeps ["a", "b"] and ["ab"] apart.
        run.push_str(&format!("-{:08x}", xxh3_64(overrides.join("\0").as_bytes()) >> 32));
    }
    results.join(component(scenario)).join(run)
}

fn component(name: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let text: String = name.chars().map(|c| if kept(c) { c } else { '-' }).collect();
    match text.trim_start_matches('.') {
        "" => "unnamed".to_owned(),
        visible => visible.to_owned(),
    }
}

fn siblings(target: &Path) -> Result<(PathBuf, PathBuf, PathBuf), ReportError> {
    let no_name = || ReportError::NoName { path: target.to_path_buf() };
    let name = target.file_name().ok_or_else(no_name)?.to_string_lossy();
    let parent = match target.parent() {
        Some(parent) if parent != Path::new("") => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let staging = parent.join(format!(".{name}.apportion-new"));
    let aside = parent.join(format!(".{name}.apportion-old"));
    Ok((parent, staging, aside))
}

fn refuse_foreign(target: &Path) -> Result<(), ReportError> {
    if exists(target) && !is_ours(target) {
        return Err(ReportError::NotOurs { path: target.to_path_buf() });
    }
    Ok(())
}

/// Removes a staged folder that nobody holds the lock of.
fn clear_abandoned(target: &Path, staging: &Path) -> Result<(), ReportError> {
    if !exists(staging) {
        return Ok(());
    }
    if let Ok(lock) = File::open(staging.join(LOCK_FILE))
        && let Err(TryLockError::WouldBlock) = lock.try_lock()
    {
        return Err(ReportError::Busy { path: target.to_path_buf() });
    }
    fs::remove_dir_all(staging).map_err(|source| ReportError::io(staging, source))
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The last ancestor of a relative path is empty: the current folder, which is there.
fn exists_or_is_here(path: &Path) -> bool {
    path == Path::new("") || exists(path)
}

fn rename(from: &Path, to: &Path) -> Result<(), ReportError> {
    fs::rename(from, to).map_err(|source| ReportError::io(to, source))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, TemporaryPlace};
    use super::*;

    fn stage(target: &Path, marker: &str) -> ResultsFolder {
        let folder = ResultsFolder::prepare(target).expect("prepared");
        sample::manifest(&sample::findings()).write(folder.staging()).expect("written");
        fs::write(folder.staging().join("marker"), marker).expect("written");
        folder
    }

    fn marker(target: &Path) -> String {
        fs::read_to_string(target.join("marker")).expect("a whole result")
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_commit_replaces_the_old_result_and_leaves_nothing_else() {
        let place = TemporaryPlace::new("replace");
        let target = place.path().join("run");
        stage(&target, "old").commit().expect("committed");
        fs::write(target.join("only-in-the-old"), "").expect("written");
        let mut folder = stage(&target, "new");
        assert_eq!(marker(&target), "old");
        folder.commit().expect("committed");
        folder.commit().expect("harmless");
        drop(folder);
        assert_eq!(names(place.path()), ["run"]);
        assert_eq!(names(&target), ["manifest.json", "marker"]);
        assert_eq!(marker(&target), "new");
    }

    #[test]
    fn dropping_before_the_commit_leaves_the_old_result_whole() {
        let place = TemporaryPlace::new("drop");
        let target = place.path().join("run");
        stage(&target, "old").commit().expect("committed");
        drop(stage(&target, "new"));
        assert_eq!(marker(&target), "old");
        assert_eq!(names(place.path()), ["run"]);
    }

    #[test]
    fn dropping_before_the_commit_takes_the_parents_along_that_were_made_for_it() {
        let place = TemporaryPlace::new("parents");
        let results = place.path().join("results");
        drop(stage(&results.join("noisy/scoring-1"), "new"));
        assert!(names(place.path()).is_empty());
        stage(&results.join("noisy/scoring-1"), "old").commit().expect("committed");
        drop(stage(&results.join("noisy/scoring-2"), "new"));
        drop(stage(&results.join("other/scoring-1"), "new"));
        assert_eq!(names(&results), ["noisy"]);
        assert_eq!(names(&results.join("noisy")), ["scoring-1"]);
    }

    #[test]
    fn a_folder_without_our_manifest_is_never_replaced() {
        let place = TemporaryPlace::new("foreign");
        let target = place.path().join("thesis");
        fs::create_dir(&target).expect("made");
        fs::write(target.join("chapter-1.txt"), "irreplaceable").expect("written");
        let refused = ResultsFolder::prepare(&target);
        assert!(matches!(refused, Err(ReportError::NotOurs { .. })), "{refused:?}");
        fs::write(target.join(MANIFEST_FILE), r#"{"tool": "another"}"#).expect("written");
        assert!(matches!(ResultsFolder::prepare(&target), Err(ReportError::NotOurs { .. })));
        assert_eq!(names(&target), ["chapter-1.txt", "manifest.json"]);
        assert_eq!(names(place.path()), ["thesis"]);
    }

    #[test]
    fn a_target_that_becomes_foreign_before_the_commit_is_not_replaced_either() {
        let place = TemporaryPlace::new("late-foreign");
        let target = place.path().join("run");
        let mut folder = stage(&target, "new");
        fs::create_dir(&target).expect("made");
        assert!(matches!(folder.commit(), Err(ReportError::NotOurs { .. })));
        drop(folder);
        assert_eq!(names(place.path()), ["run"]);
        assert!(names(&target).is_empty());
    }

    #[test]
    fn a_death_before_the_exchange_leaves_the_old_result_and_is_cleaned_up() {
        let place = TemporaryPlace::new("death-before");
        let target = place.path().join("run");
        stage(&target, "old").commit().expect("committed");
        // A process that dies runs no destructor but loses its locks.
        let mut dead = stage(&target, "half");
        dead.lock = None;
        drop(dead);
        assert_eq!(names(place.path()), [".run.apportion-new", "run"]);
        assert_eq!(marker(&target), "old");
        stage(&target, "new").commit().expect("committed");
        assert_eq!(names(place.path()), ["run"]);
        assert_eq!(marker(&target), "new");
    }

    #[test]
    fn a_death_inside_the_exchange_is_recovered_to_the_old_result() {
        let place = TemporaryPlace::new("death-inside");
        let target = place.path().join("run");
        stage(&target, "old").commit().expect("committed");
        fs::rename(&target, place.path().join(".run.apportion-old")).expect("renamed");
        recover(&target).expect("recovered");
        assert_eq!(marker(&target), "old");
        assert_eq!(names(place.path()), ["run"]);
    }

    #[test]
    fn a_death_after_the_exchange_is_recovered_to_the_new_result() {
        let place = TemporaryPlace::new("death-after");
        let target = place.path().join("run");
        stage(&target, "old").commit().expect("committed");
        fs::rename(&target, place.path().join(".run.apportion-old")).expect("renamed");
        fs::create_dir(&target).expect("made");
        sample::manifest(&sample::findings()).write(&target).expect("written");
        fs::write(target.join("marker"), "new").expect("written");
        recover(&target).expect("recovered");
        assert_eq!(marker(&target), "new");
        assert_eq!(names(place.path()), ["run"]);
    }

    #[test]
    fn a_second_writer_is_turned_away_while_the_first_one_lives() {
        let place = TemporaryPlace::new("busy");
        let target = place.path().join("run");
        let mut first = stage(&target, "first");
        assert!(matches!(ResultsFolder::prepare(&target), Err(ReportError::Busy { .. })));
        first.commit().expect("committed");
        assert_eq!(marker(&target), "first");
    }

    #[test]
    fn a_result_without_a_manifest_is_not_put_in_place() {
        let place = TemporaryPlace::new("no-manifest");
        let target = place.path().join("run");
        let mut folder = ResultsFolder::prepare(&target).expect("prepared");
        assert!(matches!(folder.commit(), Err(ReportError::NoManifest { .. })));
        drop(folder);
        assert!(names(place.path()).is_empty());
    }

    #[test]
    fn runs_have_distinct_and_harmless_names() {
        let results = Path::new("results");
        let folder = |overrides: &[&str]| {
            let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
            run_folder(results, "noisy-neighbour", "scoring", 7, &overrides)
        };
        assert_eq!(folder(&[]), Path::new("results/noisy-neighbour/scoring-7"));
        assert_ne!(folder(&["a=1", "b=2"]), folder(&["a=1b=2"]));
        assert_ne!(folder(&["a=1"]), folder(&[]));
        assert_eq!(folder(&["a=1"]), folder(&["a=1"]));
        let hostile = run_folder(results, "../../etc", "a/b c", 1, &[]);
        assert_eq!(hostile, Path::new("results/-..-etc/a-b-c-1"));
        assert_eq!(run_folder(results, "..", "p", 1, &[]), Path::new("results/unnamed/p-1"));
        assert!(matches!(ResultsFolder::prepare(Path::new("/")), Err(ReportError::NoName { .. })));
    }
}
