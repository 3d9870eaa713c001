//! A folder of its own for a test, the program run in it, and scenarios that take milliseconds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// Two tenants beside a small campaign, under a quota that the campaign overloads. All checks hold.
pub(crate) const CALM: &str = r#"
description = "A small campaign beside two tenants"
duration = "5min"
drain = "5min"
window = "30s"
seed = 1
[[destination]]
name = "us"
quota = "5/s"
[destination.gateway]
sessions = 2
window = 10
undeliverable = 0.05
[[tenant]]
name = "bulk"
[[tenant.traffic]]
kind = "campaign"
at = "1min"
messages = 600
[[tenant]]
name = "small"
count = 2
[[tenant.traffic]]
kind = "poisson"
rate = "20/min"
[[fault]]
kind = "outage"
name = "carrier-down"
destination = "us"
start = "2min"
duration = "20s"
[detector]
[[check]]
name = "nearly all arrive"
metric = "delivered_ratio"
at-least = 0.5
"#;

/// The line that a failing scenario has more.
pub(crate) const IMPOSSIBLE_CHECK: &str =
    "[[check]]\nname = \"nobody waits\"\nmetric = \"dwell_max\"\nat-most = \"1ms\"\n";

/// A folder that is removed with its owner.
pub(crate) struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("apportion-cli-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder for the test");
        // What the program prints has no symbolic links in it.
        Place(path.canonicalize().expect("it was just made"))
    }

    /// With the scenario `calm.toml`.
    pub(crate) fn calm() -> Self {
        let place = Place::new();
        place.write("calm.toml", CALM);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).expect("JSON")
    }

    /// The program, in this folder.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        self.command_in("", arguments)
    }

    /// The program, in a folder below this one.
    pub(crate) fn command_in(&self, folder: &str, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apportion"));
        command.current_dir(self.path(folder)).args(arguments.split_whitespace());
        command.env_remove("NO_COLOR").env_remove("APPORTION_DATA");
        command
    }

    /// Runs the program and expects an exit code.
    pub(crate) fn expect(&self, code: i32, arguments: &str) -> Done {
        Done::of(self.command(arguments), code, arguments)
    }

    /// Every file below `folder` with its bytes, host.json left out.
    pub(crate) fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(folder), "", &mut files);
        files.remove("host.json");
        files
    }

    /// Names of all files below the folder of this test.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let mut files = BTreeMap::new();
        collect(&self.path(folder), "", &mut files);
        files.into_keys().collect()
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}")) {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            // So that an empty folder is seen too.
            files.insert(format!("{name}/"), Vec::new());
            collect(&path, &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(&path).expect("readable"));
        }
    }
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn of(mut command: Command, code: i32, what: &str) -> Done {
        let Output { status, stdout, stderr } = command.output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let done = Done { stdout: text(stdout), stderr: text(stderr) };
        let Done { stdout, stderr } = &done;
        assert_eq!(status.code(), Some(code), "{what}\n{stdout}\n{stderr}");
        done
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}", self.stdout))
    }

    /// The rows of a CSV answer with its header first.
    pub(crate) fn csv(&self) -> Vec<Vec<String>> {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).from_reader(self.stdout.as_bytes());
        let rows = reader.records().map(|row| row.expect("all rows have as many cells"));
        rows.map(|row| row.iter().map(str::to_owned).collect()).collect()
    }
}
