//! What a program asks valgrind, by instruction sequences that change nothing outside of it and cost a few cycles there.
//!
//! The sequences and numbers are those of `valgrind.h` and `callgrind.h`
//! (<https://valgrind.org/docs/manual/manual-core-adv.html#manual-core-adv.clientreq>), which are meant to stand in programs: nothing
//! is linked. On other processors every request answers 0, as it does outside of valgrind.

/// `RUNNING_ON_VALGRIND`.
const RUNNING: usize = 0x1001;
/// `VG_USERREQ_TOOL_BASE('C', 'T')`: the requests of callgrind.
const CALLGRIND: usize = (b'C' as usize) << 24 | (b'T' as usize) << 16;
const DUMP_STATS: usize = CALLGRIND;
const ZERO_STATS: usize = CALLGRIND + 1;
const START_INSTRUMENTATION: usize = CALLGRIND + 4;
const STOP_INSTRUMENTATION: usize = CALLGRIND + 5;

/// Whether valgrind runs this program.
pub(crate) fn is_running() -> bool {
    request(RUNNING) > 0
}

/// Sets callgrind's counts to 0, and counts from here on.
#[inline(always)]
pub(crate) fn start_counting() {
    request(ZERO_STATS);
    request(START_INSTRUMENTATION);
}

/// Counts no more.
#[inline(always)]
pub(crate) fn stop_counting() {
    request(STOP_INSTRUMENTATION);
}

/// Counts no more, and forgets what was counted.
pub(crate) fn forget_counts() {
    request(STOP_INSTRUMENTATION);
    request(ZERO_STATS);
}

/// Writes what was counted to callgrind's next file, which is complete on return, and sets the counts to 0.
pub(crate) fn dump_counts() {
    request(DUMP_STATS);
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
fn request(number: usize) -> usize {
    let block: [usize; 6] = [number, 0, 0, 0, 0, 0];
    let mut answer: usize = 0;
    // SAFETY: outside of valgrind the rotations add up to whole turns and the exchange is of a register with itself. Inside,
    // valgrind reads the six words of the block and writes the answer to `rdx`.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") block.as_ptr(),
            inout("rdx") answer,
            options(nostack),
        );
    }
    // SAFETY: outside of valgrind the rotations add up to whole turns and the last instruction changes nothing. Inside, valgrind
    // reads the six words of the block and writes the answer to `x3`.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            in("x4") block.as_ptr(),
            inout("x3") answer,
            options(nostack),
        );
    }
    answer
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn request(_number: usize) -> usize {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_of_valgrind_nothing_happens() {
        assert!(!is_running());
        start_counting();
        stop_counting();
        dump_counts();
        forget_counts();
    }
}
