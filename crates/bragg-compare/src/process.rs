//! Running somebody's program: with a time limit, its memory measured and no more of its output kept than is wise.

use bragg::monitor::Monitor;
use serde::Serialize;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use wait4::{ResUse, Wait4 as _};

/// Bytes kept of the beginning of an output, and as many of its end.
pub(super) const KEPT: usize = 512 * 1024;
/// How often a running program is looked at.
const TICK: Duration = Duration::from_millis(20);
/// How long an ended program's output may still come, from what it left running.
const LINGER: Duration = Duration::from_secs(2);

/// A program to run.
#[derive(Debug, Clone)]
pub(super) struct Program<'a> {
    /// The program and its arguments.
    pub(super) words: &'a [String],
    /// Where it runs.
    pub(super) folder: &'a Path,
    /// What is set besides our own environment.
    pub(super) environment: &'a [(String, String)],
    pub(super) timeout: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ended {
    /// By itself, with this status.
    Exit(i32),
    /// By a signal.
    Signal(i32),
    /// We ended it when its time was over.
    OutOfTime,
    /// It could not be started.
    NotStarted(String),
    /// We ended it when we were interrupted.
    Interrupted,
}

impl Ended {
    /// What is wrong, in words that follow the name of the program; `None` after a success.
    pub(super) fn complaint(&self, timeout: Duration) -> Option<String> {
        match self {
            Self::Exit(0) => None,
            Self::Exit(status) => Some(format!("ended with the exit status {status}")),
            Self::Signal(signal) => Some(format!("was ended by the signal {signal}")),
            Self::OutOfTime => Some(format!("did not end within {} s", timeout.as_secs_f64())),
            Self::NotStarted(reason) => Some(format!("could not be started: {reason}")),
            Self::Interrupted => Some("was interrupted".to_owned()),
        }
    }
}

/// What a program did.
#[derive(Debug, Clone)]
pub(super) struct Execution {
    pub(super) ended: Ended,
    pub(super) started: SystemTime,
    /// Wall-clock time (s).
    pub(super) seconds: f64,
    /// The largest memory of it or one of its children, in bytes, where the system says.
    pub(super) peak_bytes: Option<u64>,
    pub(super) stdout: Captured,
    pub(super) stderr: Captured,
}

/// The beginning and the end of an output.
#[derive(Debug, Clone, Default)]
pub(super) struct Captured {
    head: Vec<u8>,
    tail: Vec<u8>,
    n_bytes: u64,
}

impl Captured {
    fn add(&mut self, mut bytes: &[u8]) {
        self.n_bytes += bytes.len() as u64;
        let n_head = bytes.len().min(KEPT - self.head.len().min(KEPT));
        self.head.extend_from_slice(&bytes[..n_head]);
        bytes = &bytes[n_head..];
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 4 * KEPT {
            self.tail.drain(..self.tail.len() - KEPT);
        }
    }

    /// What was kept, with a line that says how much was not.
    pub(super) fn text(&self) -> Vec<u8> {
        let tail = &self.tail[self.tail.len().saturating_sub(KEPT)..];
        let n_lost = self.n_bytes - self.head.len() as u64 - tail.len() as u64;
        let mut text = self.head.clone();
        if n_lost > 0 {
            text.extend_from_slice(format!("\n[bragg compare left out {n_lost} bytes here]\n").as_bytes());
        }
        text.extend_from_slice(tail);
        text
    }

    /// How much there was.
    pub(super) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }
}

impl Program<'_> {
    /// Runs it to its end, to the end of its time, or until `monitor` stops it.
    pub(super) fn run(&self, monitor: &dyn Monitor) -> Execution {
        let (started, start) = (SystemTime::now(), Instant::now());
        let failed = |reason: String| Execution {
            ended: Ended::NotStarted(reason),
            started,
            seconds: start.elapsed().as_secs_f64(),
            peak_bytes: None,
            stdout: Captured::default(),
            stderr: Captured::default(),
        };
        let Some((name, arguments)) = self.words.split_first() else { return failed("it has no name".to_owned()) };
        let mut command = Command::new(name);
        command.args(arguments).current_dir(self.folder).envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        own_group(&mut command);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return failed(error.to_string()),
        };
        let running = Running::new(Group::of(&child));
        let stdout = child.stdout.take().map(Listener::new);
        let stderr = child.stderr.take().map(Listener::new);
        let (ended, peak_bytes) = wait(child, start + self.timeout, monitor);
        drop(running);
        let seconds = start.elapsed().as_secs_f64();
        let deadline = Instant::now() + LINGER;
        let heard = |listener: Option<Listener>| listener.map(|listener| listener.heard(deadline)).unwrap_or_default();
        Execution { ended, started, seconds, peak_bytes, stdout: heard(stdout), stderr: heard(stderr) }
    }
}

/// Waits for a program, and ends it at the deadline or when `monitor` says so; how it ended, and its largest memory.
fn wait(mut child: Child, deadline: Instant, monitor: &dyn Monitor) -> (Ended, Option<u64>) {
    let group = Group::of(&child);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // nobody waits for the result any more where this fails
        let _ = sender.send(child.wait4());
    });
    let mut cut_short = None;
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(Ok(ResUse { status, rusage })) => {
                // what it left running could go on writing to its folder
                group.kill();
                let peak = (rusage.maxrss > 0).then_some(rusage.maxrss);
                return (cut_short.unwrap_or_else(|| how(status)), peak);
            }
            Ok(Err(error)) => return (Ended::NotStarted(error.to_string()), None),
            Err(RecvTimeoutError::Disconnected) => return (Ended::NotStarted("it was lost".to_owned()), None),
            Err(RecvTimeoutError::Timeout) if monitor.cancelled() => {
                cut_short = Some(Ended::Interrupted);
                group.kill();
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => {
                cut_short = Some(Ended::OutOfTime);
                group.kill();
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// A thread that reads an output.
struct Listener {
    captured: Arc<Mutex<Captured>>,
    thread: std::thread::JoinHandle<()>,
}

impl Listener {
    fn new(mut output: impl Read + Send + 'static) -> Self {
        let captured = Arc::new(Mutex::new(Captured::default()));
        let shared = Arc::clone(&captured);
        let thread = std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(n) = output.read(&mut buffer) {
                if n == 0 {
                    break;
                }
                shared.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..n]);
            }
        });
        Self { captured, thread }
    }

    /// What came until the output was closed, or until the deadline.
    fn heard(self, deadline: Instant) -> Captured {
        while !self.thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.captured.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(unix)]
fn how(status: ExitStatus) -> Ended {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exit(code),
        (None, signal) => Ended::Signal(signal.unwrap_or_default()),
    }
}

#[cfg(not(unix))]
fn how(status: ExitStatus) -> Ended {
    Ended::Exit(status.code().unwrap_or(-1))
}

/// Puts a program and its children into a group, so that all of them can be ended.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

/// The programs that run now.
static RUNNING: Mutex<Vec<Group>> = Mutex::new(Vec::new());

/// Ends all programs that run now, with their children.
pub fn end_all() {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(Group::kill);
}

/// A program among [`RUNNING`].
struct Running(Group);

impl Running {
    fn new(group: Group) -> Self {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(group);
        Self(group)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|group| *group != self.0);
    }
}

/// A program and its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Group {
    #[cfg(unix)]
    leader: rustix::process::Pid,
    #[cfg(not(unix))]
    id: u32,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        Self { leader: rustix::process::Pid::from_child(child) }
    }

    #[cfg(not(unix))]
    fn of(child: &Child) -> Self {
        Self { id: child.id() }
    }

    /// Ends what still runs of it.
    #[cfg(unix)]
    fn kill(&self) {
        // there may be none left
        let _ = rustix::process::kill_process_group(self.leader, rustix::process::Signal::KILL);
    }

    #[cfg(not(unix))]
    fn kill(&self) {
        let _ = Command::new("taskkill").args(["/F", "/T", "/PID", &self.id.to_string()]).output();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_keeps_its_ends() {
        let mut captured = Captured::default();
        let mut whole = Vec::new();
        for i in 0..300_000_u32 {
            let line = format!("line {i}\n");
            captured.add(line.as_bytes());
            whole.extend_from_slice(line.as_bytes());
        }
        let text = captured.text();
        assert_eq!(captured.n_bytes(), whole.len() as u64);
        assert_eq!(text[..KEPT], whole[..KEPT]);
        assert_eq!(text[text.len() - KEPT..], whole[whole.len() - KEPT..]);
        let between = String::from_utf8(text[KEPT..text.len() - KEPT].to_vec()).unwrap();
        assert!(between.contains(&format!("left out {} bytes", whole.len() - 2 * KEPT)), "{between}");
    }

    #[test]
    fn a_short_output_is_kept_whole() {
        let mut captured = Captured::default();
        let bytes: Vec<u8> = (0..2 * KEPT).map(|i| i as u8).collect();
        bytes.chunks(7777).for_each(|chunk| captured.add(chunk));
        assert_eq!(captured.text(), bytes);
        assert!(Captured::default().text().is_empty());
    }
}
