//! The fluid division (GPS) by event, in exact rationals: time in segments of the wire, service in
//! segments.

use crate::rational::Ratio;

/// A message of a flow: when it comes, and its size.
pub(crate) type Work = (Ratio, Ratio);

/// What the fluid division does.
pub(crate) struct Fluid {
    /// When each message of each flow is finished.
    pub(crate) finishes: Vec<Vec<Ratio>>,
    /// Times at which the division changes, and the service of each flow until then.
    curve: Vec<(Ratio, Vec<Ratio>)>,
}

impl Fluid {
    /// Divides a wire of one segment a unit of time; `work[i]` is in the order of time.
    pub(crate) fn divide(weights: &[Ratio], work: &[Vec<Work>]) -> Fluid {
        let count = weights.len();
        let mut now = Ratio::ZERO;
        let mut served = vec![Ratio::ZERO; count];
        let mut finishes: Vec<Vec<Ratio>> = vec![Vec::new(); count];
        let mut curve = vec![(now, served.clone())];
        // What each flow will have been served when its message is finished.
        let target = |flow: usize, message: usize| {
            work[flow][..=message].iter().fold(Ratio::ZERO, |sum, (_, size)| sum + *size)
        };
        loop {
            let next = |flow: &usize, finishes: &[Vec<Ratio>]| finishes[*flow].len();
            let has_come = |flow: usize, message: usize| {
                work[flow].get(message).is_some_and(|(at, _)| *at <= now)
            };
            let busy: Vec<usize> =
                (0..count).filter(|flow| has_come(*flow, next(flow, &finishes))).collect();
            let coming = work.iter().flatten().map(|(at, _)| *at).filter(|at| *at > now).min();
            let sum = busy.iter().fold(Ratio::ZERO, |sum, flow| sum + weights[*flow]);
            let ends = busy.iter().map(|flow| {
                let left = target(*flow, next(flow, &finishes)) - served[*flow];
                now + left * sum / weights[*flow]
            });
            let Some(until) = ends.chain(coming).min() else { break };
            for flow in &busy {
                served[*flow] = served[*flow] + (until - now) * weights[*flow] / sum;
                let message = next(flow, &finishes);
                if served[*flow] == target(*flow, message) {
                    finishes[*flow].push(until);
                }
            }
            now = until;
            curve.push((now, served.clone()));
        }
        Fluid { finishes, curve }
    }

    /// Service of a flow until `time`.
    pub(crate) fn served(&self, flow: usize, time: Ratio) -> Ratio {
        let after = self.curve.partition_point(|(at, _)| *at <= time);
        let (from, before) = &self.curve[after - 1];
        match self.curve.get(after) {
            None => before[flow],
            Some((to, later)) => {
                let part = (time - *from) / (*to - *from);
                before[flow] + (later[flow] - before[flow]) * part
            }
        }
    }
}

#[test]
fn bennett_and_zhang_in_the_fluid() {
    let weights: Vec<Ratio> =
        (0..11).map(|flow| Ratio::from(if flow == 0 { 10 } else { 1 })).collect();
    let one = (Ratio::ZERO, Ratio::from(1));
    let work: Vec<Vec<Work>> = (0..11).map(|f| vec![one; if f == 0 { 11 } else { 1 }]).collect();
    let fluid = Fluid::divide(&weights, &work);
    let expected: Vec<Ratio> = (1..=10).map(|k| Ratio::from(2 * k)).collect();
    assert_eq!(fluid.finishes[0][..10], expected);
    assert_eq!(fluid.finishes[0][10], Ratio::from(21));
    assert!((1..11).all(|flow| fluid.finishes[flow] == [Ratio::from(20)]));
    assert_eq!(fluid.served(0, Ratio::from(10)), Ratio::from(5));
    assert_eq!(fluid.served(3, Ratio::from(10)), Ratio::new(1, 2));
}
