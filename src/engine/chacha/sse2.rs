//! The block function with a row a register. Compilers do not find this form by themselves; it takes a
//! third of the instructions.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_cvtsi128_si64, _mm_or_si128, _mm_set_epi32, _mm_shuffle_epi32,
    _mm_slli_epi32, _mm_srli_epi32, _mm_unpackhi_epi64, _mm_xor_si128,
};

/// The output words of the block with these rows of input.
#[target_feature(enable = "sse2")]
pub(super) fn block(input: [[u32; 4]; 4]) -> [u32; 16] {
    let start = input.map(|[a, b, c, d]| _mm_set_epi32(d as i32, c as i32, b as i32, a as i32));
    let [mut a, mut b, mut c, mut d] = start;
    for _ in 0..4 {
        [a, b, c, d] = quarter_rounds([a, b, c, d]);
        // Diagonals become columns, and columns diagonals again.
        b = _mm_shuffle_epi32::<0b00_11_10_01>(b);
        c = _mm_shuffle_epi32::<0b01_00_11_10>(c);
        d = _mm_shuffle_epi32::<0b10_01_00_11>(d);
        [a, b, c, d] = quarter_rounds([a, b, c, d]);
        b = _mm_shuffle_epi32::<0b10_01_00_11>(b);
        c = _mm_shuffle_epi32::<0b01_00_11_10>(c);
        d = _mm_shuffle_epi32::<0b00_11_10_01>(d);
    }
    let mut words = [0; 16];
    for ((place, row), start) in words.chunks_exact_mut(4).zip([a, b, c, d]).zip(start) {
        let sum = _mm_add_epi32(row, start);
        let low = _mm_cvtsi128_si64(sum) as u64;
        let high = _mm_cvtsi128_si64(_mm_unpackhi_epi64(sum, sum)) as u64;
        place.copy_from_slice(&[low as u32, (low >> 32) as u32, high as u32, (high >> 32) as u32]);
    }
    words
}

#[inline]
#[target_feature(enable = "sse2")]
fn quarter_rounds([mut a, mut b, mut c, mut d]: [__m128i; 4]) -> [__m128i; 4] {
    a = _mm_add_epi32(a, b);
    d = mixed::<16, 16>(d, a);
    c = _mm_add_epi32(c, d);
    b = mixed::<12, 20>(b, c);
    a = _mm_add_epi32(a, b);
    d = mixed::<8, 24>(d, a);
    c = _mm_add_epi32(c, d);
    b = mixed::<7, 25>(b, c);
    [a, b, c, d]
}

/// Exclusive or, then rotation to the left; `RIGHT` is 32 − `LEFT`.
#[inline]
#[target_feature(enable = "sse2")]
fn mixed<const LEFT: i32, const RIGHT: i32>(x: __m128i, y: __m128i) -> __m128i {
    let mixed = _mm_xor_si128(x, y);
    _mm_or_si128(_mm_slli_epi32::<LEFT>(mixed), _mm_srli_epi32::<RIGHT>(mixed))
}
