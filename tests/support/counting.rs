//! An allocator that counts what the thread at hand asks for: for tests and examples, never for the product.

#![expect(unsafe_code, reason = "an allocator hands on to one that is unsafe to call")]
#![allow(dead_code, reason = "not every user needs every count")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// May be below zero: what one thread asked for another may give back.
    static HELD: Cell<i64> = const { Cell::new(0) };
    static MOST_HELD: Cell<i64> = const { Cell::new(0) };
}

/// How often this thread asked for memory or for more of it.
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// Bytes that this thread asked for and did not give back.
pub(crate) fn held() -> i64 {
    HELD.get()
}

/// The most that was held since the last call of [`forget_most_held`].
pub(crate) fn most_held() -> i64 {
    MOST_HELD.get()
}

pub(crate) fn forget_most_held() {
    MOST_HELD.set(HELD.get());
}

fn note(asked: usize, given_back: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + u64::from(asked > 0));
    let held = HELD.get() + asked as i64 - given_back as i64;
    HELD.set(held);
    MOST_HELD.set(MOST_HELD.get().max(held));
}

// SAFETY: every call is handed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 0);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(0, layout.size());
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The system moves large blocks without holding them twice, small ones by copying: count the worst.
        note(size, 0);
        note(0, layout.size());
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
