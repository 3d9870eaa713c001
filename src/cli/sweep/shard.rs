//! `--shard`: which part of a sweep, also from the variables of array jobs.

use super::super::exit::Failure;
use crate::experiment::Shard;

/// The variables of one kind of array job.
struct Variables {
    /// The number of this job.
    index: &'static str,
    /// Where the numbers begin: a variable, or always this.
    first: Result<&'static str, usize>,
    /// How far apart they are.
    step: Option<&'static str>,
    /// How many jobs there are.
    count: Option<&'static str>,
}

/// In the order in which they are asked.
const KNOWN: [Variables; 8] = [
    Variables {
        index: "SLURM_ARRAY_TASK_ID",
        first: Ok("SLURM_ARRAY_TASK_MIN"),
        step: Some("SLURM_ARRAY_TASK_STEP"),
        count: Some("SLURM_ARRAY_TASK_COUNT"),
    },
    Variables {
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        first: Err(0),
        step: None,
        count: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
    },
    // Kubernetes tells an indexed job its number and not how many there are.
    Variables { index: "JOB_COMPLETION_INDEX", first: Err(0), step: None, count: None },
    Variables {
        index: "CIRCLE_NODE_INDEX",
        first: Err(0),
        step: None,
        count: Some("CIRCLE_NODE_TOTAL"),
    },
    Variables {
        index: "BUILDKITE_PARALLEL_JOB",
        first: Err(0),
        step: None,
        count: Some("BUILDKITE_PARALLEL_JOB_COUNT"),
    },
    // As GitLab sets them.
    Variables { index: "CI_NODE_INDEX", first: Err(1), step: None, count: Some("CI_NODE_TOTAL") },
    Variables {
        index: "SGE_TASK_ID",
        first: Ok("SGE_TASK_FIRST"),
        step: Some("SGE_TASK_STEPSIZE"),
        count: None,
    },
    Variables { index: "PBS_ARRAY_INDEX", first: Err(0), step: None, count: None },
];

/// Reads `3/8`, `env`, or `env/8`.
pub(super) fn parse(text: &str) -> Result<Shard, Failure> {
    let variable = |name: &str| std::env::var(name).ok();
    read(text, &variable).map_err(|why| Failure::usage(format!("error: --shard {text}: {why}")))
}

fn read(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, String> {
    let (part, of) = match text.split_once('/') {
        Some((part, of)) => (part, Some(number("the number of parts", of)?)),
        None => (text, None),
    };
    if part != "env" {
        let of = of.ok_or("write I/N, such as 3/8, or env")?;
        return checked(number("the part", part)?, of);
    }
    let Some(known) = KNOWN.iter().find(|known| variable(known.index).is_some()) else {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.index).collect();
        return Err(format!("none of the variables {} is set", names.join(", ")));
    };
    let of_variable = |name: &str| match variable(name) {
        Some(text) => number(name, &text).map(Some),
        None => Ok(None),
    };
    let index = of_variable(known.index)?.unwrap_or_default();
    let first = match known.first {
        Ok(name) => of_variable(name)?.unwrap_or(1),
        Err(first) => first,
    };
    let step = known.step.map(of_variable).transpose()?.flatten().unwrap_or(1).max(1);
    let count = known.count.map(of_variable).transpose()?.flatten();
    let of = of.or(count).ok_or_else(|| {
        format!("{} is set and does not tell how many there are: write env/N", known.index)
    })?;
    let behind = index.checked_sub(first).filter(|behind| behind % step == 0);
    let behind = behind.ok_or_else(|| format!("{} is {index}, which cannot be", known.index))?;
    checked(behind / step + 1, of)
}

fn number(what: &str, text: &str) -> Result<usize, String> {
    text.trim().parse().map_err(|_| format!("{what} is `{text}`, which is no number"))
}

fn checked(index: usize, of: usize) -> Result<Shard, String> {
    if index == 0 || index > of {
        return Err(format!("there is no part {index} of {of}; they count from 1"));
    }
    Ok(Shard { index, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)], text: &str) -> Result<(usize, usize), String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        read(text, &variable).map(|shard| (shard.index, shard.of))
    }

    #[test]
    fn parts_are_counted_from_one() {
        assert_eq!(with(&[], "3/8"), Ok((3, 8)));
        for wrong in ["0/8", "9/8", "8", "a/b", "1/0", "", "-1/8", "1/8/2"] {
            assert!(with(&[], wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn array_jobs_are_understood() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "14"),
            ("SLURM_ARRAY_TASK_MIN", "10"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        assert_eq!(with(&slurm, "env"), Ok((3, 4)));
        let aws = [("AWS_BATCH_JOB_ARRAY_INDEX", "0"), ("AWS_BATCH_JOB_ARRAY_SIZE", "5")];
        assert_eq!(with(&aws, "env"), Ok((1, 5)));
        let gitlab = [("CI_NODE_INDEX", "5"), ("CI_NODE_TOTAL", "5")];
        assert_eq!(with(&gitlab, "env"), Ok((5, 5)));
        let kubernetes = [("JOB_COMPLETION_INDEX", "7")];
        assert_eq!(with(&kubernetes, "env/8"), Ok((8, 8)));
        let error = with(&kubernetes, "env").expect_err("how many?");
        assert!(error.contains("write env/N"), "{error}");
        assert!(with(&kubernetes, "env/7").is_err(), "there is no eighth");
        let odd = [("SLURM_ARRAY_TASK_ID", "13"), slurm[1], slurm[2], slurm[3]];
        assert!(with(&odd, "env").is_err());
        assert!(with(&[], "env").expect_err("nothing is set").contains("SLURM_ARRAY_TASK_ID"));
    }
}
