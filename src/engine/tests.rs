use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;

#[test]
fn the_block_function_equals_rand_chacha() {
    for (seed, stream, counter) in [(0_u8, 0_u64, 0_u64), (7, 1, 1 << 40), (255, u64::MAX, 99)] {
        let mut bytes = [seed; 32];
        bytes[31] = 42;
        let mut key = [0; 8];
        for (word, chunk) in key.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes(chunk.try_into().expect("four bytes"));
        }
        let mut library = ChaCha8Rng::from_seed(bytes);
        library.set_stream(stream);
        library.set_word_pos(u128::from(counter) * 16);
        let expected: Vec<u32> = (0..16).map(|_| library.next_u32()).collect();
        assert_eq!(chacha::block(&key, stream, counter).to_vec(), expected);
    }
}

#[test]
fn a_stream_depends_on_seed_name_ordinal_and_part_and_on_nothing_else() {
    let draw = |seed, entity: &str, purpose: &str, ordinal, part| {
        Seed::new(seed).stream(&StreamName::new(entity, purpose)).luck(ordinal, part).number(0)
    };
    let same = draw(1, "tenant/a", "traffic", 5, 0);
    assert_eq!(draw(1, "tenant/a", "traffic", 5, 0), same);
    let others = [
        draw(2, "tenant/a", "traffic", 5, 0),
        draw(1, "tenant/b", "traffic", 5, 0),
        draw(1, "tenant/a", "responses", 5, 0),
        draw(1, "tenant/a", "traffic", 6, 0),
        draw(1, "tenant/a", "traffic", 5, 1),
    ];
    assert!(others.iter().all(|other| *other != same), "{others:?}");
}

/// A deterministic mixture of near, far, simultaneous and identical-time events.
fn pushes(step: u64, now: u64) -> Option<Entry<u64>> {
    let draw = crate::units::mix(step);
    let delay = match draw % 7 {
        0 => 0,
        1 => 1,
        2 => draw % 1000,
        3 => 1_000_000 + draw % 1_000_000,
        4 => draw % 10_000_000_000,
        5 => 259_200_000_000_000,
        _ => 50_000_000,
    };
    let key = Key::new((draw >> 8 & 15) as u8, (draw >> 16 & 0xff) as u32, step);
    let time = Time::from_nanoseconds(now + delay);
    (!draw.is_multiple_of(11)).then_some(Entry { time, key, payload: step })
}

fn order_of<C: Calendar<u64>>(mut calendar: C, steps: u64, burst: u64) -> Vec<u64> {
    let (mut popped, mut now) = (Vec::new(), 0);
    for step in 0..steps {
        for sub in 0..burst {
            if let Some(entry) = pushes(step * burst + sub, now) {
                calendar.push(entry);
            }
        }
        // Grows for the first half, shrinks after that.
        for _ in 0..if step < steps / 2 { burst / 2 } else { burst * 3 / 2 } {
            if let Some(entry) = calendar.pop() {
                assert!(entry.time.as_nanoseconds() >= now, "time went back");
                now = entry.time.as_nanoseconds();
                popped.push(entry.payload);
            }
        }
    }
    while let Some(entry) = calendar.pop() {
        popped.push(entry.payload);
    }
    assert_eq!(calendar.len(), 0);
    popped
}

#[test]
fn the_ladder_pops_exactly_what_the_heap_pops() {
    for (steps, burst) in [(10, 2), (2_000, 2), (3_000, 40), (20, 20_000)] {
        let heap = order_of(HeapCalendar::default(), steps, burst);
        let ladder = order_of(LadderCalendar::default(), steps, burst);
        assert_eq!(heap.len(), ladder.len());
        let differs = heap.iter().zip(&ladder).position(|(a, b)| a != b);
        assert_eq!(differs, None, "with {steps} steps of {burst}");
    }
}

#[test]
fn simultaneous_events_go_by_rank_then_entity_then_ordinal() {
    let keys = [Key::new(0, 9, 9), Key::new(1, 0, 5), Key::new(1, 0, 6), Key::new(1, 2, 0)];
    assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
    let key = Key::new(Key::RANKS - 1, Key::ENTITIES - 1, 77);
    assert_eq!((key.rank(), key.entity(), key.ordinal()), (Key::RANKS - 1, Key::ENTITIES - 1, 77));
}

struct Backwards;

impl Model for Backwards {
    type Payload = ();
    fn handle<C: Calendar<()>>(
        &mut self,
        now: Time,
        key: Key,
        (): (),
        agenda: &mut Agenda<'_, C>,
    ) -> Flow {
        agenda.schedule(now, Key::new(key.rank(), key.entity(), 0), ());
        Flow::Continue
    }
}

#[test]
#[should_panic(expected = "is not after")]
fn a_handler_cannot_schedule_before_the_event_at_hand() {
    let mut calendar = HeapCalendar::default();
    Agenda::before_start(&mut calendar).schedule(Time::ZERO, Key::new(1, 0, 1), ());
    run(&mut Backwards, &mut calendar, Time::NEVER);
}
