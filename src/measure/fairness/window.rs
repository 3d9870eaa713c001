//! The figures of one window at one destination.

use super::super::water_filling::{BoundedClaim, Claim, divide, divide_within};
use crate::measure::ranges::NodeRange;

/// How an account went through a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// It had unserved work at every instant.
    Waiting,
    /// All its work was served, or gone, at the end.
    Served,
    /// It came to have unserved work inside the window, and still had at its end.
    Joined,
}

/// What one account asked for and got in a window, in segments.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Portion {
    /// Waiting at the start, plus what was queued since, less what was cancelled; no more than its senders' caps
    /// allow.
    pub(super) demand: u64,
    /// Dispatched.
    pub(super) sent: u64,
    /// Its weight, in its set if it has one.
    pub(super) weight: f64,
    /// Its set.
    pub(super) set: Option<u32>,
    /// How it went through the window.
    pub(super) standing: Standing,
}

/// What tenant sets, and the tenants of the portions, are promised and held to in a window.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct WindowBounds {
    /// By set.
    pub(super) sets: Vec<NodeRange>,
    /// By portion.
    pub(super) tenants: Vec<NodeRange>,
    /// Length of the window, seconds.
    pub(super) seconds: f64,
}

/// What a window says of fairness.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct WindowFigures {
    /// Max-min entitlement of each portion, segments; they add up to what was sent.
    pub(super) entitled: Vec<f64>,
    /// Whether each portion is judged.
    pub(super) judged: Vec<bool>,
    /// Whether the window was contended. The figures below mean nothing where it was not.
    pub(super) contended: bool,
    /// Jain's index of sent ÷ entitled over the judged; `None` when none of them got anything.
    pub(super) jain: Option<f64>,
    /// The same from 0, one has all, to 1, however many are judged: (n·J − 1) ÷ (n − 1).
    pub(super) jain_normalised: Option<f64>,
    /// Whether each of the judged was sent what it is entitled to, within a tenth or one message.
    pub(super) is_even: bool,
    /// Σ|sent − entitled| ÷ 2, segments.
    pub(super) misplaced: f64,
}

/// Measures one window.
///
/// **Entitlement** x*: what was sent, divided max-min by weight among tenant sets and then inside
/// each ([`divide`]); `set_weights` is empty where there are no sets. The demand of an account that [`Standing::Joined`] counts as what it was
/// sent: coming late is no starvation, and it is owed no more than it got until the next window.
///
/// **Judged** is who waited throughout or was served, and is entitled to all it asked or at least
/// to one message of `largest` segments; less than a message cannot be sent.
///
/// **Contended** is a window in which something was sent, at least two accounts are judged, and one
/// of them waited throughout: so there was unserved work at every instant and somebody to compete.
///
/// **Jain's index** (Jain, Chiu and Hawe 1984) is (Σy)² ÷ (n·Σy²) over the judged, y = sent ÷ x*.
///
/// **Bounds**, where there are some, hold for the entitlement: at least its part of what its parent was
/// sent, at most its limit × the length of the window ([`divide_within`]), and one message more for who
/// did not wait throughout: only who was idle can have saved up for one.
pub(super) fn measure(
    portions: &[Portion],
    set_weights: &[f64],
    bounds: Option<&WindowBounds>,
    largest: u64,
) -> WindowFigures {
    let asked = |portion: &Portion| match portion.standing {
        Standing::Joined => portion.sent,
        Standing::Waiting | Standing::Served => portion.demand.max(portion.sent),
    };
    let sent: u64 = portions.iter().map(|portion| portion.sent).sum();
    let asked: Vec<u64> = portions.iter().map(asked).collect();
    let division = Division { portions, asked: &asked, set_weights, bounds, largest };
    let entitled = division.entitlements(sent as f64);
    let judged: Vec<bool> = portions
        .iter()
        .zip(&asked)
        .zip(&entitled)
        .map(|((portion, asked), entitled)| {
            let enough = (*asked).min(largest) as f64 - 1e-9;
            portion.standing != Standing::Joined && *asked > 0 && *entitled >= enough
        })
        .collect();
    let judges = || portions.iter().zip(&judged).filter(|(_, judged)| **judged);
    let contended = sent > 0
        && judges().count() >= 2
        && judges().any(|(portion, _)| portion.standing == Standing::Waiting);
    let ratios: Vec<f64> = portions
        .iter()
        .zip(&entitled)
        .zip(&judged)
        .filter(|(_, judged)| **judged)
        .map(|((portion, entitled), _)| portion.sent as f64 / entitled)
        .collect();
    let distance = |(portion, entitled): (&Portion, &f64)| (portion.sent as f64 - entitled).abs();
    let misplaced = portions.iter().zip(&entitled).map(distance).sum::<f64>() / 2.0;
    let is_even =
        portions.iter().zip(&entitled).zip(&judged).all(|((portion, entitled), judged)| {
            let tolerance = (entitled / 10.0).max(largest as f64);
            !judged || (portion.sent as f64 - entitled).abs() <= tolerance + 1e-9
        });
    let jain = jain(&ratios);
    let count = ratios.len() as f64;
    let jain_normalised = jain.filter(|_| count > 1.0).map(|j| (count * j - 1.0) / (count - 1.0));
    WindowFigures { entitled, judged, contended, jain, jain_normalised, is_even, misplaced }
}

/// Jain's index; `None` of nothing and of zeros alone.
pub(super) fn jain(values: &[f64]) -> Option<f64> {
    let sum: f64 = values.iter().sum();
    let squares: f64 = values.iter().map(|value| value * value).sum();
    (squares > 0.0).then(|| sum * sum / (values.len() as f64 * squares))
}

/// The max-min division of one window.
struct Division<'a> {
    portions: &'a [Portion],
    asked: &'a [u64],
    set_weights: &'a [f64],
    bounds: Option<&'a WindowBounds>,
    largest: u64,
}

impl Division<'_> {
    fn entitlements(&self, sent: f64) -> Vec<f64> {
        let everyone: Vec<usize> = (0..self.portions.len()).collect();
        let mut entitled = vec![0.0; self.portions.len()];
        if self.set_weights.is_empty() {
            self.divide_among(&everyone, sent, &mut entitled);
            return entitled;
        }
        let mut members = vec![Vec::new(); self.set_weights.len()];
        for index in everyone {
            let set = self.portions[index].set.expect("where there are sets, every tenant has one");
            members[set as usize].push(index);
        }
        let demand_of = |members: &Vec<usize>| members.iter().map(|i| self.asked[*i]).sum::<u64>();
        let claims: Vec<Claim> = members
            .iter()
            .zip(self.set_weights)
            .map(|(members, weight)| Claim { demand: demand_of(members) as f64, weight: *weight })
            .collect();
        let range = |set: usize| {
            let of = |place: &usize| self.may_have_saved(*place);
            self.bounds.map(|bounds| (bounds.sets[set], members[set].iter().any(of)))
        };
        let shares = self.divide(sent, &claims, range);
        for (members, amount) in members.iter().zip(shares) {
            self.divide_among(members, amount, &mut entitled);
        }
        entitled
    }

    fn divide_among(&self, members: &[usize], amount: f64, entitled: &mut [f64]) {
        let claim = |index: &usize| Claim {
            demand: self.asked[*index] as f64,
            weight: self.portions[*index].weight,
        };
        let claims: Vec<Claim> = members.iter().map(claim).collect();
        let range = |place: usize| {
            let member = members[place];
            self.bounds.map(|bounds| (bounds.tenants[member], self.may_have_saved(member)))
        };
        for (index, share) in members.iter().zip(self.divide(amount, &claims, range)) {
            entitled[*index] = share;
        }
    }

    fn may_have_saved(&self, index: usize) -> bool {
        self.portions[index].standing != Standing::Waiting
    }

    /// `range` tells the bounds of a claim, and whether it may have saved up for a message.
    fn divide(
        &self,
        amount: f64,
        claims: &[Claim],
        range: impl Fn(usize) -> Option<(NodeRange, bool)>,
    ) -> Vec<f64> {
        let Some(bounds) = self.bounds else { return divide(amount, claims) };
        let bounded: Vec<BoundedClaim> = claims
            .iter()
            .enumerate()
            .map(|(place, claim)| {
                let (range, has_saved) = range(place).unwrap_or((NodeRange::NONE, false));
                let saved = if has_saved { self.largest as f64 } else { 0.0 };
                let most = range.most_per_s * bounds.seconds + saved;
                let least = (range.least_part * amount).min(most);
                BoundedClaim { claim: *claim, least, most }
            })
            .collect();
        divide_within(amount, &bounded)
    }
}

#[cfg(test)]
mod tests {
    use super::Standing::{Joined, Served, Waiting};
    use super::*;

    fn portion(demand: u64, sent: u64, standing: Standing) -> Portion {
        Portion { demand, sent, weight: 1.0, set: None, standing }
    }

    fn close(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?}");
    }

    #[test]
    fn jain_of_the_published_examples() {
        close(jain(&[1.0; 4]), 1.0);
        close(jain(&[1.0, 0.0, 0.0, 0.0]), 0.25);
        close(jain(&[1.0, 3.0, 5.0]), 27.0 / 35.0);
        close(jain(&[2.0, 1.0]), 0.9);
        assert_eq!(jain(&[]), None);
        assert_eq!(jain(&[0.0, 0.0]), None);
    }

    #[test]
    fn a_fair_division_by_weight_is_perfect_and_a_broken_one_is_not() {
        // Weights 3 and 1 divide 40 into 30 and 10.
        let weighted = |sent: [u64; 2]| {
            let heavy = Portion { weight: 3.0, ..portion(500, sent[0], Waiting) };
            measure(&[heavy, portion(500, sent[1], Waiting)], &[], None, 1)
        };
        let fair = weighted([30, 10]);
        assert!(fair.contended);
        assert_eq!(fair.entitled, [30.0, 10.0]);
        close(fair.jain, 1.0);
        assert_eq!(fair.misplaced, 0.0);
        // Equal service: y = 2/3 and 2, Jain (8/3)² ÷ (2 · 40/9) = 0.8, ten segments misplaced.
        let equal = weighted([20, 20]);
        close(equal.jain, 0.8);
        close(Some(equal.misplaced), 10.0);
        // Starving one of two: Jain 1/2, which is nothing of what there is between 1/2 and 1.
        close(weighted([40, 0]).jain, 0.5);
        close(weighted([40, 0]).jain_normalised, 0.0);
        close(equal.jain_normalised, 0.6);
        close(fair.jain_normalised, 1.0);
    }

    #[test]
    fn even_is_within_a_tenth_or_a_message() {
        let is_even = |sent: [u64; 2], largest| {
            measure(&sent.map(|sent| portion(500, sent, Waiting)), &[], None, largest).is_even
        };
        assert!(is_even([110, 90], 1) && !is_even([111, 89], 1));
        assert!(is_even([6, 4], 1) && !is_even([7, 3], 1) && is_even([7, 3], 2));
        // Who came late is not judged.
        let late = portion(500, 1, Joined);
        assert!(measure(&[portion(500, 50, Waiting), late], &[], None, 1).is_even);
    }

    #[test]
    fn who_asks_little_and_gets_it_is_no_victim() {
        // 100 segments, three ask 2 each: the hog is entitled to the remaining 94.
        let small = portion(2, 2, Served);
        let fair = measure(&[portion(900, 94, Waiting), small, small, small], &[], None, 1);
        assert_eq!(fair.entitled, [94.0, 2.0, 2.0, 2.0]);
        close(fair.jain, 1.0);
        // First come, first served behind the hog: y = 100/94, 0, 0, 0.
        let starved = portion(2, 0, Waiting);
        let unfair =
            measure(&[portion(900, 100, Waiting), starved, starved, starved], &[], None, 1);
        close(unfair.jain, 0.25);
        close(Some(unfair.misplaced), 6.0);
    }

    #[test]
    fn sets_divide_before_their_members() {
        let of = |set, demand, sent| Portion { set: Some(set), ..portion(demand, sent, Waiting) };
        // Set 0 has two members, set 1 one; equal set weights divide 40 into 10, 10, 20.
        let portions = [of(0, 99, 10), of(0, 99, 10), of(1, 99, 20)];
        let figures = measure(&portions, &[1.0, 1.0], None, 1);
        assert_eq!(figures.entitled, [10.0, 10.0, 20.0]);
        close(figures.jain, 1.0);
        // What set 1 does not ask for goes to set 0.
        let portions = [of(0, 99, 18), of(0, 99, 18), of(1, 4, 4)];
        assert_eq!(measure(&portions, &[1.0, 1.0], None, 1).entitled, [18.0, 18.0, 4.0]);
    }

    #[test]
    fn coming_late_is_not_starving() {
        let late = portion(500, 1, Joined);
        let figures =
            measure(&[portion(500, 50, Waiting), portion(500, 50, Waiting), late], &[], None, 1);
        assert_eq!(figures.judged, [true, true, false]);
        assert_eq!(figures.entitled, [50.0, 50.0, 1.0]);
        close(figures.jain, 1.0);
    }

    #[test]
    fn what_is_not_contended() {
        let contended =
            |portions: &[Portion], largest| measure(portions, &[], None, largest).contended;
        let waiting = portion(50, 10, Waiting);
        assert!(contended(&[waiting, waiting], 1));
        assert!(contended(&[waiting, portion(3, 3, Served)], 1));
        assert!(!contended(&[waiting], 1), "alone");
        assert!(!contended(&[portion(3, 3, Served), portion(3, 3, Served)], 1), "never busy");
        assert!(!contended(&[waiting, portion(50, 5, Joined)], 1), "the other came late");
        let stuck = portion(50, 0, Waiting);
        assert!(!contended(&[stuck, stuck], 1), "nothing was sent");
        // 1 segment among 50 waiting: nobody is entitled to a whole message.
        let mut many = vec![portion(9, 0, Waiting); 49];
        many.push(portion(9, 1, Waiting));
        assert!(!contended(&many, 1));
        // Four segments each, messages of eight.
        assert!(!contended(&[portion(50, 8, Waiting), portion(50, 0, Waiting)], 8));
    }

    #[test]
    fn bounds_move_what_one_is_entitled_to() {
        let range = |least_part, most_per_s| NodeRange { least_part, most_per_s };
        let free = NodeRange::NONE;
        let portions =
            [portion(500, 50, Waiting), portion(500, 25, Waiting), portion(500, 25, Waiting)];
        let entitled = |tenants: [NodeRange; 3]| {
            let bounds =
                WindowBounds { sets: Vec::new(), tenants: tenants.to_vec(), seconds: 10.0 };
            measure(&portions, &[], Some(&bounds), 1)
        };
        let promised = entitled([range(0.5, f64::INFINITY), free, free]);
        assert_eq!(promised.entitled, [50.0, 25.0, 25.0]);
        close(promised.jain, 1.0);
        // Held to half a segment a second.
        let held = entitled([range(0.0, 0.5), free, free]);
        assert_eq!(held.entitled, [5.0, 47.5, 47.5]);
        // Who was idle before may have saved up for one message more.
        let bounds = |held| WindowBounds {
            sets: Vec::new(),
            tenants: vec![held, free, free],
            seconds: 10.0,
        };
        let idle = [portion(50, 6, Served), portions[1], portions[2]];
        let figures = measure(&idle, &[], Some(&bounds(range(0.0, 0.5))), 1);
        assert_eq!(figures.entitled, [6.0, 25.0, 25.0]);
        let sets = [0, 1, 1].map(|set| Portion { set: Some(set), ..portion(500, 1, Waiting) });
        let bounds = WindowBounds {
            sets: vec![range(2.0 / 3.0, f64::INFINITY), free],
            tenants: vec![free; 3],
            seconds: 10.0,
        };
        let figures = measure(&sets, &[1.0, 3.0], Some(&bounds), 1);
        assert_eq!(figures.entitled, [2.0, 0.5, 0.5]);
    }
}
