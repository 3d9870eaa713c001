//! Measures the relative fairness of siblings in a tree, exactly.
//!
//! For siblings i and j, D = Wᵢ/wᵢ − Wⱼ/wⱼ changes only when one of them is served, so the largest
//! |Wᵢ/wᵢ − Wⱼ/wⱼ| over all intervals in which both are backlogged is the largest max − min of D inside
//! a joint busy period (Golestani 1994). A queue counts as backlogged until its last message has gone.

use std::collections::BTreeMap;

/// A node: the steps that lead to it.
pub(crate) type Path = Vec<u32>;

#[derive(Clone, Debug)]
struct Node {
    weight: i128,
    served: i128,
    waiting: i128,
    /// The longest message it ever sends.
    longest: i128,
}

/// Two siblings, and the range of D × wᵢ × wⱼ in their present joint busy period.
#[derive(Clone, Debug)]
struct Pair {
    nodes: [Path; 2],
    range: Option<(i128, i128)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    nodes: BTreeMap<Path, Node>,
    pairs: Vec<Pair>,
    /// The largest share of its bound that a pair used: numerator, denominator.
    worst: Option<(i128, i128)>,
}

impl Meter {
    /// Adds a leaf with its weights from the top; `longest` is the longest message it will ever send.
    pub(crate) fn add(&mut self, path: &[u32], weights: &[u64], longest: u32) {
        for depth in 1..=path.len() {
            let key = path[..depth].to_vec();
            if let Some(node) = self.nodes.get_mut(&key) {
                node.longest = node.longest.max(longest.into());
                continue;
            }
            let siblings = self
                .nodes
                .keys()
                .filter(|other| other.len() == depth && other[..depth - 1] == path[..depth - 1]);
            let pairs: Vec<Pair> = siblings
                .map(|other| Pair { nodes: [other.clone(), key.clone()], range: None })
                .collect();
            self.pairs.extend(pairs);
            let weight = weights[depth - 1].into();
            self.nodes.insert(key, Node { weight, served: 0, waiting: 0, longest: longest.into() });
        }
    }

    pub(crate) fn arrived(&mut self, path: &[u32]) {
        for depth in 1..=path.len() {
            self.node(&path[..depth]).waiting += 1;
        }
        self.update();
    }

    pub(crate) fn served(&mut self, path: &[u32], segments: u32) {
        for depth in 1..=path.len() {
            self.node(&path[..depth]).served += i128::from(segments);
        }
        // What empties a queue is still part of its busy period.
        self.update();
        for depth in 1..=path.len() {
            self.node(&path[..depth]).waiting -= 1;
        }
        self.update();
    }

    /// The largest |Wᵢ/wᵢ − Wⱼ/wⱼ| ÷ (Lᵢ/wᵢ + Lⱼ/wⱼ) of all sibling pairs and intervals.
    pub(crate) fn worst(&self) -> f64 {
        self.worst.map_or(0.0, |(used, bound)| used as f64 / bound as f64)
    }

    /// Whether no pair ever exceeded its bound; exact.
    pub(crate) fn holds(&self) -> bool {
        self.worst.is_none_or(|(used, bound)| used <= bound)
    }

    fn node(&mut self, path: &[u32]) -> &mut Node {
        self.nodes.get_mut(path).expect("the node was added")
    }

    fn update(&mut self) {
        for pair in &mut self.pairs {
            let [first, second] = [&self.nodes[&pair.nodes[0]], &self.nodes[&pair.nodes[1]]];
            if first.waiting == 0 || second.waiting == 0 {
                pair.range = None;
                continue;
            }
            let distance = first.served * second.weight - second.served * first.weight;
            let (least, most) = pair.range.unwrap_or((distance, distance));
            let (least, most) = (least.min(distance), most.max(distance));
            pair.range = Some((least, most));
            let bound = first.longest * second.weight + second.longest * first.weight;
            let found = (most - least, bound);
            if self.worst.is_none_or(|(used, of)| found.0 * of > used * found.1) {
                self.worst = Some(found);
            }
        }
    }
}

#[test]
fn the_meter_finds_the_worst_interval() {
    let mut meter = Meter::default();
    meter.add(&[0], &[1], 1);
    meter.add(&[1], &[2], 3);
    for path in [[0], [0], [0], [1], [1]] {
        meter.arrived(&path);
    }
    // D is 0, 1, 2, then 0.5: at most 2 on an interval, of 1/1 + 3/2 allowed.
    meter.served(&[0], 1);
    meter.served(&[0], 1);
    meter.served(&[1], 3);
    assert_eq!((meter.worst(), meter.holds()), (0.8, true));
    // The third empties the queue and still counts: 1.5 now. Later service of the other does not.
    meter.served(&[0], 1);
    meter.served(&[1], 3);
    assert_eq!(meter.worst(), 0.8);
    meter.arrived(&[0]);
    meter.arrived(&[1]);
    meter.served(&[1], 3);
    assert_eq!(meter.worst(), 0.8);
}
