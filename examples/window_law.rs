//! The window law as a table and a picture.
//!
//! `cargo run --release --example window_law [FILE.svg]` measures what saturated lanes send, over
//! sessions, windows, round trips and quotas, beside min(quota, seats ÷ round trip), and draws the knee
//! for round trips that vary. It exits with 1 when a cell that the law must hold in is off by more
//! than 1 %.

use std::process::ExitCode;

use plotters::prelude::*;

#[path = "../tests/window_law/shared.rs"]
mod shared;

use shared::{Cell, RoundTrip, grid};

fn main() -> ExitCode {
    println!(
        "{:>8} {:>6} {:>10} {:>7} {:>6} {:>9} {:>9} {:>7}  verdict",
        "sessions", "window", "round trip", "quota", "ratio", "law", "measured", "off %"
    );
    let mut all_hold = true;
    for cell in grid() {
        let (law, measured) = (cell.law(), cell.measure());
        let off = 100.0 * (measured / law - 1.0);
        let verdict = match (cell.is_held_to_it(), off.abs() <= 1.0) {
            (true, true) => "holds",
            (true, false) => "OFF",
            (false, _) => "near the bend, few seats",
        };
        all_hold &= verdict != "OFF";
        println!(
            "{:>8} {:>6} {:>7} ms {:>5}/s {:>6.2} {law:>7.2}/s {measured:>7.2}/s {off:>7.2}  {verdict}",
            cell.sessions,
            cell.window,
            cell.round_trip_ms,
            cell.quota_per_s,
            cell.ratio()
        );
    }
    if let Some(path) = std::env::args().nth(1)
        && let Err(error) = draw(&path)
    {
        eprintln!("error: {path}: {error}");
        return ExitCode::from(74);
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

type Failure = Box<dyn std::error::Error>;

/// Throughput against seats, quota 50/s and a mean round trip of 200 ms: the bend is at 10 seats.
fn draw(path: &str) -> Result<(), Failure> {
    let shapes = [
        ("constant", RoundTrip::Constant, RGBColor(0, 114, 178)),
        ("exponential", RoundTrip::Exponential, RGBColor(213, 94, 0)),
        ("lognormal, σ = 1.5", RoundTrip::Lognormal(1.5), RGBColor(0, 158, 115)),
    ];
    let root = SVGBackend::new(path, (760, 460)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(
            "What window and quota let through (quota 50/s, round trip 200 ms)",
            ("sans-serif", 18),
        )
        .margin(14)
        .x_label_area_size(42)
        .y_label_area_size(52)
        .build_cartesian_2d(0_f64..40.0, 0_f64..55.0)?;
    chart
        .configure_mesh()
        .x_desc("seats: sessions × window")
        .y_desc("segments sent a second")
        .light_line_style(WHITE)
        .draw()?;
    for (name, shape, color) in shapes {
        let points: Vec<(f64, f64)> = (1..=40)
            .map(|window| {
                let cell = Cell { sessions: 1, window, round_trip_ms: 200, quota_per_s: 50, shape };
                (f64::from(window), cell.measure())
            })
            .collect();
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .border_style(BLACK.mix(0.3))
        .background_style(WHITE)
        .draw()?;
    root.present()?;
    Ok(())
}
