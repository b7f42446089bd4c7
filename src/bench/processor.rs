//! Processor time, which says more than the clock does when others use the machine too. Where there is no `/proc`,
//! nothing is said.

use std::path::Path;

/// Seconds of work.
#[derive(Clone, Copy)]
pub struct Worked {
    /// Of this process: service, simulator and patients.
    pub ours: f64,
    /// Of PostgreSQL.
    pub database: f64,
}

impl Worked {
    /// What this process and the server on `data` have done so far.
    pub fn until_now(data: &Path) -> Option<Self> {
        let at_work_here =
            |pid: u32| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == data);
        let ours = processor_time(|pid| pid == std::process::id());
        (ours > 0.0).then(|| Self { ours, database: processor_time(at_work_here) })
    }

    /// Of that, what came after `before`.
    pub fn since(self, before: Self) -> Self {
        Self { ours: self.ours - before.ours, database: self.database - before.database }
    }
}

fn processor_time(counts: impl Fn(u32) -> bool) -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ticks = processes.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (_, tail) = stat.rsplit_once(") ")?;
        let parts: Vec<&str> = tail.split(' ').collect();
        let worked = parts.get(11)?.parse::<f64>().ok()? + parts.get(12)?.parse::<f64>().ok()?;
        counts(pid).then_some(worked)
    });
    ticks.sum::<f64>() / TICKS_A_SECOND
}

/// Bytes of memory that this process holds.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
