//! stdout, stderr, colour and readers that leave.

use std::io::Read;
use std::process::Stdio;

use super::place::{CALM, Done, IMPOSSIBLE_CHECK, Place};

#[test]
fn colour_is_for_those_who_ask_for_it() {
    let place = Place::calm();
    let coloured = |arguments: &str, variable: Option<&str>| {
        let mut command = place.command(arguments);
        if let Some(value) = variable {
            command.env("NO_COLOR", value);
        }
        let done = Done::of(command, 0, arguments);
        assert!(!done.stdout.replace("\u{1b}[", "").contains('\u{1b}'));
        done.stdout.contains("\u{1b}[")
    };
    assert!(!coloured("run calm.toml", None), "this is no terminal");
    assert!(!coloured("run calm.toml", Some("1")));
    assert!(coloured("run calm.toml --color always", None));
    assert!(coloured("run calm.toml --color always", Some("1")), "asked for by name");
    assert!(!coloured("run calm.toml --color never", None));
    assert!(!coloured("run calm.toml --color always --format json", None), "JSON has no colours");
    place.write("wrong.toml", "description = 1\n");
    let plain = place.expect(2, "run wrong.toml").stderr;
    let painted = place.expect(2, "run wrong.toml --color always").stderr;
    assert!(!plain.contains('\u{1b}') && painted.contains('\u{1b}'));
}

#[test]
fn results_go_to_stdout_and_remarks_to_stderr() {
    let place = Place::calm();
    let done = place.expect(0, "run calm.toml --format json");
    done.json();
    assert!(!done.stderr.contains('\r'), "no progress where there is no terminal");
    let quiet = place.expect(0, "run calm.toml --format json --quiet");
    assert_eq!((quiet.stderr.as_str(), &quiet.stdout), ("", &done.stdout));
    let unused = format!("{CALM}[[tenant-set]]\nname = \"spare\"\n");
    place.write("warned.toml", &unused);
    let warning = "warned.toml: warning: the tenant set `spare` has no tenants\n";
    assert!(place.expect(0, "show warned.toml").stderr.contains(warning));
    assert_eq!(
        place.expect(0, "show warned.toml -q").stderr,
        warning,
        "odd is odd to the quiet too"
    );
    let json = place.expect(0, "show warned.toml -q --format json").json();
    assert_eq!(json["warnings"][0], "the tenant set `spare` has no tenants");
}

/// What the program exits with when its reader leaves after one byte at most.
fn with_a_reader_that_leaves(place: &Place, arguments: &str) -> (Option<i32>, String) {
    let mut command = place.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    drop(child.stdout.take());
    let mut errors = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut errors).expect("text");
    (child.wait().expect("it ends").code(), errors)
}

#[test]
fn a_reader_that_leaves_is_no_error_and_hides_none() {
    let place = Place::calm();
    place.write("strict.toml", &format!("{CALM}{IMPOSSIBLE_CHECK}"));
    for arguments in ["policies", "metrics --format csv", "schema", "--help", "show calm.toml"] {
        let ended = with_a_reader_that_leaves(&place, arguments);
        assert_eq!(ended, (Some(0), String::new()), "{arguments}");
    }
    let (code, errors) = with_a_reader_that_leaves(&place, "run calm.toml");
    assert!(code == Some(0) && !errors.contains("error"), "{code:?} {errors}");
    assert!(place.path("results/calm/scoring-1/summary.json").exists());
    let (code, errors) = with_a_reader_that_leaves(&place, "check strict.toml --junit all.xml");
    assert_eq!((code, errors.as_str()), (Some(1), ""), "the check failed all the same");
    assert!(place.path("all.xml").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let mut command = place.command("policies");
    command.stdout(full).stderr(Stdio::piped());
    let output = command.spawn().and_then(|child| child.wait_with_output()).expect("it starts");
    assert_eq!(output.status.code(), Some(74));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: "));
}
