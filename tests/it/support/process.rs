//! Programs that a test starts and ends.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// What follows `READY ` on standard output.
pub fn ready_line(child: &mut Child) -> String {
    let said = said_until(child, "READY ");
    said.lines().find_map(|line| line.strip_prefix("READY ")).expect("a line begins with it").to_owned()
}

/// What it prints on standard output, up to the line that holds this text.
pub fn said_until(child: &mut Child, last: &str) -> String {
    let output = child.stdout.take().expect("standard output is piped");
    let mut lines = BufReader::new(output).lines();
    let mut said = String::new();
    while !said.contains(last) {
        let line = lines.next().unwrap_or_else(|| panic!("it ended before it said {last}: {said}"));
        said.push_str(&format!("{}\n", line.unwrap()));
    }
    thread::spawn(move || lines.for_each(drop)); // keeps the pipe open and empty
    said
}

/// Sends a signal.
pub fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a pid");
    kill_process(pid, signal).expect("the process lives");
}

/// SIGTERM, and after ten seconds SIGKILL.
pub fn end(child: &mut Child) {
    if child.try_wait().is_ok_and(|ended| ended.is_some()) {
        return;
    }
    signal(child, Signal::TERM);
    if exit_within(child, Duration::from_secs(10)).is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The exit status, if it comes in time.
pub fn exit_within(child: &mut Child, time: Duration) -> Option<std::process::ExitStatus> {
    let deadline = Instant::now() + time;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("our child") {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(20));
    }
    None
}
