//! From axes and a design to points.

use super::sobol::{Dimension, MOST_DIMENSIONS};
use crate::engine::{Seed, StreamName, index_below};
use crate::scenario::{Axis, AxisValue, Design, Operand, Sweep};

/// A point of a sweep: a value of each axis, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The values.
    pub values: Vec<AxisValue>,
}

impl Point {
    /// The changes that it makes, as `--set` takes them.
    pub fn overrides(&self, sweep: &Sweep) -> Vec<String> {
        let pairs = sweep.axes.iter().zip(&self.values);
        pairs.map(|(axis, value)| format!("{}={}", axis.path, value.toml)).collect()
    }
}

/// The points of a sweep, and what was left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// In order; the position is the point's number.
    pub points: Vec<Point>,
    /// How many broke a constraint.
    pub excluded: usize,
}

/// Makes the points: of a grid, the last axis turns fastest.
///
/// # Errors
/// When a Sobol' design has more axes than there are direction numbers for: how many there are.
pub fn points(sweep: &Sweep) -> Result<Points, usize> {
    let dimensions = dimensions(&sweep.axes);
    let all = match sweep.design {
        Design::Grid => grid(sweep, &dimensions),
        Design::LatinHypercube(count) => latin(sweep, &dimensions, count),
        Design::Sobol(_) if dimensions.len() > MOST_DIMENSIONS => return Err(MOST_DIMENSIONS),
        Design::Sobol(count) => sobol(sweep, &dimensions, count),
    };
    let before = all.len();
    let kept: Vec<Point> = all.into_iter().filter(|point| is_kept(sweep, point)).collect();
    Ok(Points { excluded: before - kept.len(), points: kept })
}

/// The axes that go forward together, each group at the place of its first.
fn dimensions(axes: &[Axis]) -> Vec<Vec<usize>> {
    let mut dimensions: Vec<Vec<usize>> = Vec::new();
    for (index, axis) in axes.iter().enumerate() {
        let own = dimensions
            .iter_mut()
            .find(|group| axis.zip.is_some() && axes[group[0]].zip == axis.zip);
        match own {
            Some(group) => group.push(index),
            None => dimensions.push(vec![index]),
        }
    }
    dimensions
}

fn is_kept(sweep: &Sweep, point: &Point) -> bool {
    let operands: Vec<Operand> = point
        .values
        .iter()
        .map(|value| match value.number {
            Some(number) => Operand::Number(number),
            None => Operand::Word(value.text.clone()),
        })
        .collect();
    sweep.constraints.iter().all(|constraint| constraint.holds(&operands))
}

fn grid(sweep: &Sweep, dimensions: &[Vec<usize>]) -> Vec<Point> {
    let sizes: Vec<usize> = dimensions.iter().map(|group| sweep.axes[group[0]].len()).collect();
    let count: usize = sizes.iter().product();
    let point = |number: usize| {
        let mut rest = number;
        let mut values = vec![None; sweep.axes.len()];
        for (group, size) in dimensions.iter().zip(&sizes).rev() {
            for axis in group {
                values[*axis] = Some(sweep.axes[*axis].at(rest % size));
            }
            rest /= size;
        }
        Point { values: values.into_iter().flatten().collect() }
    };
    (0..count).map(point).collect()
}

fn spread(
    sweep: &Sweep,
    dimensions: &[Vec<usize>],
    count: u32,
    part: impl Fn(usize, u32) -> f64,
) -> Vec<Point> {
    let point = |number: u32| {
        let mut values = vec![None; sweep.axes.len()];
        for (dimension, group) in dimensions.iter().enumerate() {
            for axis in group {
                values[*axis] = Some(sweep.axes[*axis].covering(part(dimension, number)));
            }
        }
        Point { values: values.into_iter().flatten().collect() }
    };
    (0..count).map(point).collect()
}

/// One point in each of `count` strata of every axis, at a random place in it (McKay, Beckman and
/// Conover, *Technometrics* 21, 1979).
fn latin(sweep: &Sweep, dimensions: &[Vec<usize>], count: u32) -> Vec<Point> {
    let seed = Seed::new(sweep.seed);
    let parts: Vec<Vec<f64>> = dimensions
        .iter()
        .map(|group| {
            let name = StreamName::new(format!("sweep/{}", sweep.axes[group[0]].path), "latin");
            let stream = seed.stream(&name);
            let mut strata: Vec<u32> = (0..count).collect();
            // Fisher and Yates: every order is equally likely.
            for last in (1..count).rev() {
                let luck = stream.luck(u64::from(last), 0);
                let chosen = index_below(luck.number(0), u64::from(last) + 1);
                strata.swap(last as usize, chosen as usize);
            }
            let within = |number: usize| {
                let bits = stream.luck(number as u64, 1).number(0) >> 11;
                bits as f64 / (1_u64 << 53) as f64
            };
            let place = |(number, stratum): (usize, u32)| {
                (f64::from(stratum) + within(number)) / f64::from(count)
            };
            strata.into_iter().enumerate().map(place).collect()
        })
        .collect();
    spread(sweep, dimensions, count, |dimension, number| parts[dimension][number as usize])
}

fn sobol(sweep: &Sweep, dimensions: &[Vec<usize>], count: u32) -> Vec<Point> {
    let seed = Seed::new(sweep.seed);
    let axes: Vec<Dimension> = dimensions
        .iter()
        .enumerate()
        .map(|(index, group)| {
            let name = StreamName::new(format!("sweep/{}", sweep.axes[group[0]].path), "sobol");
            Dimension::new(index, seed.stream(&name).luck(0, 0).number(0) as u32)
        })
        .collect();
    spread(sweep, dimensions, count, |dimension, number| axes[dimension].at(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{AxisValues, Repeats};

    fn list(name: &str, values: &[&str], zip: Option<&str>) -> Axis {
        let values = values.iter().map(|text| AxisValue::of_text(text)).collect();
        Axis {
            name: name.into(),
            path: name.into(),
            values: AxisValues::List(values),
            zip: zip.map(str::to_owned),
        }
    }

    fn range(name: &str, from: f64, to: f64, is_whole: bool) -> Axis {
        let values = AxisValues::Range {
            from,
            to,
            steps: None,
            is_logarithmic: false,
            is_whole,
            unit: String::new(),
        };
        Axis { name: name.into(), path: name.into(), values, zip: None }
    }

    fn sweep(design: Design, axes: Vec<Axis>) -> Sweep {
        Sweep {
            design,
            repeats: Repeats::Fixed(1),
            policies: vec!["scoring".into()],
            metrics: Vec::new(),
            seed: 7,
            axes,
            constraints: Vec::new(),
        }
    }

    fn texts(sweep: &Sweep) -> Vec<String> {
        let points = points(sweep).expect("few axes").points;
        let text = |point: &Point| {
            point.values.iter().map(|value| value.text.as_str()).collect::<Vec<_>>().join(" ")
        };
        points.iter().map(text).collect()
    }

    #[test]
    fn a_grid_has_every_combination_and_zipped_axes_go_together() {
        let axes = vec![
            list("a", &["1", "2"], Some("z")),
            list("b", &["x", "y", "w"], None),
            list("c", &["8", "9"], Some("z")),
        ];
        assert_eq!(
            texts(&sweep(Design::Grid, axes)),
            ["1 x 8", "1 y 8", "1 w 8", "2 x 9", "2 y 9", "2 w 9"]
        );
    }

    #[test]
    fn a_latin_hypercube_has_one_point_a_stratum_and_depends_on_its_seed_alone() {
        let axes = vec![range("a", 0.0, 1.0, false), range("b", 0.0, 1.0, false)];
        let design = sweep(Design::LatinHypercube(40), axes);
        let found = points(&design).expect("two axes").points;
        for axis in 0..2 {
            let number = |point: &Point| point.values[axis].number.expect("a number");
            let mut strata: Vec<u32> = found.iter().map(|p| (number(p) * 40.0) as u32).collect();
            assert_ne!(strata, (0..40).collect::<Vec<_>>(), "they are shuffled");
            strata.sort_unstable();
            assert_eq!(strata, (0..40).collect::<Vec<_>>());
        }
        assert_eq!(found, points(&design).expect("two axes").points);
        let other = Sweep { seed: 8, ..design };
        assert_ne!(found, points(&other).expect("two axes").points);
    }

    #[test]
    fn whole_numbers_are_equally_frequent_and_lists_too() {
        let axes = vec![range("a", 1.0, 4.0, true), list("b", &["x", "y"], None)];
        let all = texts(&sweep(Design::Sobol(64), axes));
        for (text, count) in [("1 ", 16), ("4 ", 16)] {
            assert_eq!(all.iter().filter(|one| one.starts_with(text)).count(), count, "{text}");
        }
        assert_eq!(all.iter().filter(|one| one.ends_with('x')).count(), 32);
        assert_eq!(all.iter().filter(|one| *one == "2 x").count(), 8, "pairs are spread too");
    }

    #[test]
    fn too_many_axes_for_sobol_are_refused() {
        let axes = (0..33).map(|index| range(&format!("a{index}"), 0.0, 1.0, false)).collect();
        assert_eq!(points(&sweep(Design::Sobol(4), axes)), Err(32));
    }
}
