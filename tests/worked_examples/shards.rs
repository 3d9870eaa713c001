//! The table of the Kubernetes documentation: how likely it is that elephants' hands cover a mouse's.

use apportion::scheduler::ShuffleShardFq;
use apportion::units::mix;

/// Hand, queues, and the probability with 1, 4 and 16 elephants.
const TABLE: [(usize, usize, [f64; 3]); 11] = [
    (12, 32, [4.428838398950118e-09, 0.11431348830099144, 0.993508960765602]),
    (10, 32, [1.550093439632541e-08, 0.06264798402235, 0.97531015190276]),
    (10, 64, [6.601827268370426e-12, 0.00045571320990370, 0.49999929150089]),
    (9, 64, [3.63100499760374e-11, 0.000455012123041, 0.428231487645]),
    (8, 64, [2.25929199850899e-10, 0.000488669705304, 0.359351146811]),
    (8, 128, [6.99446138902610e-13, 3.40557901616e-06, 0.0274617313715]),
    (7, 128, [1.05791228509020e-11, 6.96083937926e-06, 0.0240615738634]),
    (7, 256, [7.5976954655526e-14, 6.728547142019e-08, 0.00067096615425]),
    (6, 256, [2.7134626662688e-12, 2.95164640184764e-07, 0.00088956546420]),
    (6, 512, [4.116062922897e-14, 4.98298335048e-09, 2.26025764e-05]),
    (6, 1024, [6.33732401651e-16, 8.0906016431e-11, 4.51740806e-07]),
];
const ELEPHANTS: [usize; 3] = [1, 4, 16];

fn choose(n: usize, k: usize) -> f64 {
    if k > n { 0.0 } else { (0..k).map(|i| (n - i) as f64 / (k - i) as f64).product() }
}

/// The size of the union grows by a hypergeometric number of cards a hand; the mouse's hand is in it.
fn covered(hand: usize, queues: usize, elephants: usize) -> f64 {
    let mut union = vec![0.0; queues + 1];
    union[0] = 1.0;
    for _ in 0..elephants {
        let mut next = vec![0.0; queues + 1];
        for (size, probability) in union.iter().enumerate() {
            for new in 0..=hand.min(queues - size) {
                let ways = choose(queues - size, new) * choose(size, hand - new);
                next[size + new] += probability * ways / choose(queues, hand);
            }
        }
        union = next;
    }
    let inside = |(size, probability): (usize, &f64)| probability * choose(size, hand);
    union.iter().enumerate().map(inside).sum::<f64>() / choose(queues, hand)
}

#[test]
fn the_closed_form_is_the_published_table() {
    for (hand, queues, row) in TABLE {
        for (elephants, published) in ELEPHANTS.into_iter().zip(row) {
            let found = covered(hand, queues, elephants);
            let off = (found / published - 1.0).abs();
            assert!(off < 1e-8, "{hand} of {queues}, {elephants}: {found}, published {published}");
        }
    }
}

/// How often the hands of a dealer cover one more, in so many trials.
fn frequency(deal: &dyn Fn(u64) -> Vec<usize>, elephants: usize, trials: u64) -> f64 {
    let mut hashes = 0_u64;
    let mut next = || {
        hashes += 1;
        deal(mix(hashes))
    };
    let covered = (0..trials).filter(|_| {
        let others: Vec<usize> = (0..elephants).flat_map(|_| next()).collect();
        next().iter().all(|card| others.contains(card))
    });
    covered.count() as f64 / trials as f64
}

/// The dealer's hands cover each other as often as the table says, where that is often enough to be counted:
/// within four standard deviations.
#[test]
fn the_dealer_keeps_the_table() {
    const TRIALS: u64 = 3_000;
    let mut counted = 0;
    for (hand, queues, row) in TABLE {
        for (elephants, published) in ELEPHANTS.into_iter().zip(row) {
            if published * (TRIALS as f64) < 10.0 {
                continue;
            }
            counted += 1;
            let deviation = (published * (1.0 - published) / TRIALS as f64).sqrt();
            let policy = ShuffleShardFq::new(queues, hand);
            let dealt = frequency(&|hash| policy.deal(hash).collect(), elephants, TRIALS);
            let off = (dealt - published) / deviation;
            assert!(off.abs() < 4.0, "{hand} of {queues}, {elephants}: {dealt}, {published}");
        }
    }
    assert_eq!(counted, 9);
    // Cards that are put back make hands that are covered more often.
    let back = |hash: u64| (0..12).map(|card| mix(hash ^ card) as usize % 32).collect();
    let (published, found) = (TABLE[0].2[1], frequency(&back, 4, TRIALS));
    assert!((found - published).abs() > 0.03, "{found}, {published}");
}
