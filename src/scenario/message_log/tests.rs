use super::*;

fn read(text: &str) -> Result<Vec<LogRow>, Vec<LogError>> {
    read_log(text.as_bytes(), &LogFormat::default())
}

fn error_of(text: &str) -> String {
    read(text).expect_err("the log is wrong").first().expect("an error").to_string()
}

#[test]
fn decimal_seconds_of_nine_places_are_exact_and_rows_come_in_order_of_time() {
    let rows = read("time,tenant,segments\n2.000000001,b,3\n0.5,a,\n2.000000001,c,1\n");
    let rows = rows.expect("valid");
    let times: Vec<u64> = rows.iter().map(|row| row.time.as_nanoseconds()).collect();
    assert_eq!(times, [500_000_000, 2_000_000_001, 2_000_000_001]);
    assert_eq!(rows.iter().map(|r| r.tenant.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(rows.iter().map(|r| r.segments).collect::<Vec<_>>(), [1, 3, 1]);
    assert_eq!(rows.iter().map(|r| r.line).collect::<Vec<_>>(), [3, 2, 4]);
}

#[test]
fn an_exported_log_is_read_in_order_of_submission_not_of_dispatch() {
    let text = "id,tenant,sender,class,destination,segments,recipient,validity_s,submitted_s,attempts\n\
                1,b,s-2,otp,us,1,,300.000000000,1.000000000,1\n\
                0,a,s-1,otp,us,2,,,1.000000000,1\n";
    let rows = read(text).expect("valid");
    assert_eq!(rows[0].tenant, "a");
    assert_eq!(rows[0].validity, None);
    assert_eq!(rows[1].validity, Some(Span::from_seconds(300)));
    assert_eq!(rows[1].sender.as_deref(), Some("s-2"));
}

#[test]
fn unix_times_start_at_the_earliest_row_and_are_compressed_exactly() {
    let format = LogFormat {
        columns: Some(["tenant", "recipient", "time"].map(String::from).to_vec()),
        separator: b' ',
        time: LogTime::UnixSeconds,
        compress: 200,
        ..LogFormat::default()
    };
    let rows = read_log(b"1 2 1082040961\n3 4 1082155839\n5 2 1082040960\n", &format);
    let rows = rows.expect("valid");
    let nanoseconds: Vec<u64> = rows.iter().map(|row| row.time.as_nanoseconds()).collect();
    // 1 s ÷ 200 = 5 ms and 114,879 s ÷ 200 = 574.395 s.
    assert_eq!(nanoseconds, [0, 5_000_000, 574_395_000_000]);
    assert_eq!(rows[2].tenant, "3");
}

#[test]
fn each_way_to_be_wrong_names_the_line_and_what_would_be_right() {
    assert_eq!(
        error_of("time,tenant\n1,a\nsoon,b\n"),
        "line 3: `soon` is not a time; expected seconds such as 1082040961 or 12.5, with at most \
         nine places"
    );
    assert_eq!(
        error_of("time,tenant\n-1,a\n"),
        "line 2: the time is below zero; seconds count from the start of the run; is it Unix time?"
    );
    assert_eq!(
        error_of("time,tennant\n1,a\n"),
        "line 1: the header has no column `tenant`; did you mean `tenant` here?"
    );
    assert_eq!(
        error_of("1 2 3\n"),
        "line 1: the header has no column `time`; name it; for a file without a header, give \
         `columns` in `[log]`"
    );
    assert_eq!(error_of("time,tenant\n1\n"), "line 2: the row has 1 columns; expected 2");
    assert_eq!(
        error_of("time,tenant,segments\n1,a,0\n"),
        "line 2: `0` is not a number of segments; expected a whole number from 1 to 255"
    );
    assert_eq!(
        error_of("time,tenant\n1,\n"),
        "line 2: the tenant is empty; every row names a tenant"
    );
    assert_eq!(
        error_of("time,tenant,time\n1,a,2\n"),
        "line 1: the header names `time` twice; the second is column 3"
    );
    assert_eq!(
        error_of("time,tenant\n"),
        "line 1: the log holds no messages; a row holds one message: a time and a tenant at least"
    );
    assert_eq!(
        error_of(""),
        "line 1: the log is empty; expected a header with at least `time` and `tenant`"
    );
    let error = read_log(b"time,tenant\n1,\xff\n", &LogFormat::default()).expect_err("not text");
    assert_eq!(error[0].to_string(), "line 2: the row is not text; a log is a CSV file in UTF-8");
}

#[test]
fn all_wrong_lines_are_reported_at_once() {
    let errors = read("time,tenant\nx,a\n1,\n2,b\ny,c\n").expect_err("three are wrong");
    assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [2, 3, 5]);
}

#[test]
fn lines_are_found_in_files_that_are_not_text() {
    assert_eq!(line_of(b"a\r\nb\xff\n", 1), "a");
    assert_eq!(line_of(b"a\nb\xff\n", 2), "b\u{fffd}");
    assert_eq!(line_of(b"a", 9), "");
    assert_eq!(content_hash(b""), "99aa06d3014798d86001c324468d497f");
}

#[test]
fn a_scaled_log_is_thinned_or_copied_and_nobody_shifts_anybody() {
    let text = |tenants: &[&str]| {
        let rows = (0..1000).flat_map(|i| tenants.iter().map(move |name| format!("{i},{name}\n")));
        format!("time,tenant\n{}", rows.collect::<String>())
    };
    let read = |tenants: &[&str], scale: u64, spread: u64| {
        let spread = Span::from_seconds(spread);
        let format = LogFormat { scale, spread, ..LogFormat::default() };
        read_log(text(tenants).as_bytes(), &format).expect("valid")
    };
    let of = |rows: &[LogRow], name: &str| -> Vec<u64> {
        rows.iter().filter(|row| row.tenant == name).map(|row| row.time.as_nanoseconds()).collect()
    };
    let thin = of(&read(&["a"], 300_000, 0), "a");
    // Binomial with 1000 trials of 0.3: a standard deviation of 14.5.
    assert!(thin.len().abs_diff(300) < 73, "{}", thin.len());
    assert_eq!(of(&read(&["b", "a"], 300_000, 0), "a"), thin);
    assert_ne!(of(&read(&["b", "a"], 300_000, 0), "b"), thin);
    let copied = of(&read(&["a"], 2_500_000, 10), "a");
    assert!(copied.len().abs_diff(2500) < 80, "{}", copied.len());
    assert!(copied.is_sorted());
    let originals = copied.iter().filter(|time| **time % 1_000_000_000 == 0).count();
    assert_eq!(originals, 1000, "copies are spread, rows stay");
    assert!(copied.iter().all(|time| *time < 1_010_000_000_000));
    assert_eq!(of(&read(&["b", "a"], 2_500_000, 10), "a"), copied);
    let format = LogFormat { scale: 1, ..LogFormat::default() };
    let none = read_log(b"time,tenant\n1,a\n", &format).expect_err("nothing is left");
    assert_eq!(none[0].what, "no message of the log is left");
}

#[test]
fn a_skipped_beginning_is_left_out_before_time_is_compressed() {
    let format = LogFormat { skip: Span::from_seconds(10), compress: 2, ..LogFormat::default() };
    let rows = read_log(b"time,tenant\n9.999,a\n10,b\n14,c\n", &format).expect("valid");
    let seen: Vec<(u64, &str)> =
        rows.iter().map(|row| (row.time.as_nanoseconds(), row.tenant.as_str())).collect();
    assert_eq!(seen, [(0, "b"), (2_000_000_000, "c")]);
    let format = LogFormat { skip: Span::from_seconds(20), ..format };
    let none = read_log(b"time,tenant\n9,a\n", &format).expect_err("nothing is left");
    assert_eq!(none[0].what, "all messages of the log are skipped");
}
