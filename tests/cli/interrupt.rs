//! A run that is killed leaves the old result whole, and nothing that stops the next one.

use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::place::{CALM, Place};

/// Long enough to be killed long before its end.
const LONG: &str = "--set duration=2d --set tenant.small.traffic.0.rate=2000/s";

/// A process that does not outlive a test that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_killed_run_leaves_the_old_result_whole() {
    let place = Place::new();
    place.write("calm.toml", CALM);
    place.expect(0, "run calm.toml --messages --out kept");
    let before = place.files("kept");
    let mut command = place.command(&format!("run calm.toml --out kept {LONG}"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = Running(command.spawn().expect("the program starts"));
    let staged = place.path(".kept.apportion-new");
    let has_begun = (0..4000).any(|_| {
        sleep(Duration::from_millis(5));
        staged.join(".apportion-lock").exists()
    });
    assert!(has_begun, "nothing was staged in 20 seconds");
    // Into the middle of the simulation.
    sleep(Duration::from_millis(50));
    // As long as it lives, nobody else writes there.
    let second = place.expect(74, "run calm.toml --out kept");
    assert!(second.stderr.contains("another apportion process"), "{}", second.stderr);
    assert_eq!(child.0.try_wait().expect("it can be asked"), None, "it was still running");
    drop(child);
    assert!(staged.exists(), "a killed process cleans up nothing");
    assert!(before == place.files("kept"), "the old result is whole");
    place.expect(0, "replay kept");
    place.expect(0, "run calm.toml --out kept");
    assert_eq!(place.names("").iter().filter(|name| name.starts_with('.')).count(), 0);
    assert!(!place.path("kept/messages.csv").exists(), "and the new one took its place");
}
