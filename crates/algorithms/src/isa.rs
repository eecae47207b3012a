//! Kernels compiled for several instruction sets, the best one chosen when the program runs.
//!
//! A kernel is written once, in plain Rust over arrays of fixed length, and compiled three times:
//! for AVX-512, for AVX2 and for whatever the target has by itself (SSE2, NEON). The compiler makes
//! the vector instructions; only where it takes blocks of numbers apart one by one (`transpose`) those
//! of AVX-512 are called by name.
//!
//! **The same bits everywhere.** A kernel fixes which values are added in which order, by its
//! source; the instruction set decides only how many of these sums run side by side. A product that
//! is added is rounded before it is, or not (`mul_add`), as the source says: the compiler fuses
//! nothing by itself. A test runs each kernel on all instruction sets at hand and compares bits.
//!
//! A processor without a fused multiply-add (of the x86-64, those before 2013) computes it in
//! software: the same bits, slowly.

mod transpose;

use std::sync::OnceLock;

pub(crate) use transpose::{scale_into_lanes, take_lanes_apart};

/// The height of register tiles of a kernel that is compiled for AVX-512, and of no other.
#[cfg(target_arch = "x86_64")]
const ROWS_OF_AVX512: usize = 8;

/// A computation worth compiling for several instruction sets.
///
/// Implementations, and what they call in their loops, must be `#[inline(always)]`: only what ends
/// up inside the function that enables an instruction set is compiled for it. (What does not is
/// correct as well, and slow.)
pub(crate) trait Kernel {
    type Output;

    /// `ROWS` is the height of a register tile that fits the registers; it must not change results.
    fn run<const ROWS: usize>(self) -> Self::Output;
}

/// Instruction sets kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// 32 registers of 512 bits, or 256 where the compiler prefers that. (All processors with
    /// AVX-512 that are not accelerators have these four parts of it.)
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 16 registers of 256 bits. (All processors with AVX2 fuse multiplications and additions.)
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Those of the target.
    Portable,
}

impl Isa {
    /// Whether this machine has it. The standard library asks the processor once and remembers.
    #[inline]
    pub(crate) fn is_here(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
            }
            Self::Portable => true,
        }
    }

    /// Every instruction set, the best first.
    pub(crate) const ALL: &[Self] = &[
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        Self::Portable,
    ];
}

/// Runs a kernel with the best instructions of this machine.
#[inline]
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "functions with more instructions are called where these were found"
    )
)]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    // Asked once: kernels of small systems are over before every part of the answer is looked up.
    static BEST: OnceLock<Isa> = OnceLock::new();
    let best = || Isa::ALL.iter().copied().find(|isa| isa.is_here());
    match BEST.get_or_init(|| best().unwrap_or(Isa::Portable)) {
        // SAFETY: the instructions were found when this was chosen.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { with_avx512(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { with_avx2(kernel) },
        Isa::Portable => portable(kernel),
    }
}

/// Runs a kernel with the given instructions, or the target's own if the machine lacks them.
#[cfg(test)]
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "only after a check may functions with more instructions be called"
    )
)]
pub(crate) fn run_on<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    match isa {
        // SAFETY: the guard has just found the instructions the function is compiled for.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 if isa.is_here() => unsafe { with_avx512(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 if isa.is_here() => unsafe { with_avx2(kernel) },
        _ => portable(kernel),
    }
}

#[inline]
fn portable<K: Kernel>(kernel: K) -> K::Output {
    // SSE2 has 16 registers of 128 bits, NEON has 32.
    if cfg!(target_arch = "x86_64") {
        kernel.run::<2>()
    } else {
        kernel.run::<4>()
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,fma")]
fn with_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<ROWS_OF_AVX512>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<4>()
}

/// Marks a round of a loop in which the vectors are arrays: without it the compiler may take several
/// rounds of the loop for its vectors instead, element by element of the arrays, gathered from and
/// scattered to memory.
#[inline(always)]
pub(crate) fn one_at_a_time() {
    std::hint::black_box(());
}

/// Asks for values that are needed soon to be brought into the cache; changes nothing else.
#[inline(always)]
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "the hint is given by address")
)]
pub(crate) fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks((64 / size_of::<T>()).max(1)) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction is part of every x86-64 processor, and the address is valid.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// Repeats a statement for the numbers 0 to 7 that are below a limit.
///
/// A register tile stays in registers only if no index into it is left to the run time, and the
/// compiler does not unroll long loops by itself.
macro_rules! unrolled {
    ($i:ident < $limit:expr, $body:expr) => {
        $crate::isa::unrolled!(@each $i, $limit, $body, 0 1 2 3 4 5 6 7)
    };
    (@each $i:ident, $limit:expr, $body:expr, $($number:literal)*) => {
        $({
            let $i: usize = $number;
            if $i < $limit {
                $body
            }
        })*
    };
}
pub(crate) use unrolled;
