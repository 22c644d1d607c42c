//! CPU time of processes, from `/proc` (clock ticks are 1/100 s on Linux).

use std::time::Duration;

/// CPU time at a moment, to be compared with a later one.
pub struct Cpu {
    pid: u32,
    tree: bool,
    ticks: u64,
}

impl Cpu {
    /// Of one process.
    pub fn of(pid: u32) -> Self {
        Self { pid, tree: false, ticks: ticks(pid, false) }
    }

    /// Of a process, its children now, and its children that have ended.
    pub fn of_tree(pid: u32) -> Self {
        Self { pid, tree: true, ticks: ticks(pid, true) }
    }

    /// How much was spent since.
    pub fn spent(&self) -> Duration {
        Duration::from_millis((ticks(self.pid, self.tree) - self.ticks) * 10)
    }
}

/// The fields of `/proc/{pid}/stat` after the name.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

/// The parent of a process.
pub fn parent(pid: u32) -> u32 {
    stat(pid).and_then(|s| s[1].parse().ok()).unwrap_or(0)
}

fn ticks(pid: u32, tree: bool) -> u64 {
    let Some(fields) = stat(pid) else { return 0 };
    let field = |n: usize| fields[n].parse::<u64>().unwrap_or(0);
    let own = field(11) + field(12);
    if !tree {
        return own;
    }
    let ended = field(13) + field(14);
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    own + ended + pids.filter(|p| parent(*p) == pid).map(|p| ticks(p, false)).sum::<u64>()
}
