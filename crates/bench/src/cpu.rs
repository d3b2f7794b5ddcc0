//! What the kernel says of a process: the processor time it used, and the memory it holds.

use std::fs;
use std::time::Duration;

/// Processor time of user and system together. Linux counts it in hundredths of a second.
pub fn used(pids: &[u32]) -> Duration {
    pids.iter().map(|pid| ticks(*pid).unwrap_or(0)).map(|ticks| Duration::from_millis(ticks * 10)).sum()
}

/// Resident memory, in MiB.
pub fn memory_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// Fields 14 and 15 of `stat`, counted behind the name, which may itself hold spaces.
fn ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_process_has_used_time_and_memory() {
        let mut sum = 0_u64;
        while used(&[std::process::id()]).is_zero() {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(memory_mib(std::process::id()).unwrap() > 1.0);
        assert_eq!(used(&[u32::MAX]), Duration::ZERO);
    }
}
