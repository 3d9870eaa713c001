//! What a node may choose where tags are known only to within a tolerance.
//!
//! Each child comes with all that it may send itself: a near-tie below it decides about the size of its
//! head, and with it about the child's own place.

use super::rational::Ratio;
use super::scheduler::Path;

/// A child that may be chosen.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) start: Ratio,
    /// What it may send: the leaf, what the child is then ordered by, and what the node's own parent
    /// orders the node by.
    pub(crate) ends: Vec<(Path, Ratio, Ratio)>,
}

impl Contender {
    /// The latest that it may be ordered by.
    fn latest(&self) -> Ratio {
        self.ends
            .iter()
            .map(|(_, key, _)| *key)
            .max()
            .expect("who takes part has something to send")
    }
}

/// The least key.
pub(crate) fn least(contenders: &[Contender], tolerance: Ratio) -> Vec<(Path, Ratio)> {
    let latest = contenders.iter().map(Contender::latest).min();
    let ends = contenders.iter().flat_map(|contender| &contender.ends);
    let near = ends.filter(|(_, key, _)| latest.is_some_and(|latest| *key < latest + tolerance));
    near.map(|(leaf, _, passed)| (leaf.clone(), *passed)).collect()
}

/// The least key among those whose start V has reached, or the least start if it has reached none: where a
/// start is near V, either.
pub(crate) fn worst_case_fair(
    contenders: Vec<Contender>,
    clock: Ratio,
    tolerance: Ratio,
) -> Vec<(Path, Ratio)> {
    let is_reached = |contender: &Contender| contender.start + tolerance <= clock;
    let may_be_reached = |contender: &Contender| contender.start < clock + tolerance;
    let surely = contenders.iter().filter(|contender| is_reached(contender));
    let latest = surely.map(Contender::latest).min();
    let first = contenders.iter().map(|contender| contender.start).min();
    let mut near = Vec::new();
    for contender in &contenders {
        // Who is sure to be reached holds back all that are not, and all that end later.
        let is_early = latest.is_none()
            && contender.start + tolerance > clock
            && first.is_some_and(|first| contender.start < first + tolerance);
        for (leaf, key, passed) in &contender.ends {
            let is_next =
                may_be_reached(contender) && latest.is_none_or(|latest| *key < latest + tolerance);
            if is_next || is_early {
                near.push((leaf.clone(), *passed));
            }
        }
    }
    near
}
