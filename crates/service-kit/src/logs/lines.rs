//! The way of log lines to standard output: kept for a moment and written together, since a write costs as much as all
//! else that is done for a line.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line is kept at most.
const DELAY: Duration = Duration::from_millis(50);
/// How many bytes are kept at most.
const MOST: usize = 64 * 1024;

/// Takes the lines of the whole process. A warning or an error is written at once, and with it all that came before.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

/// Writes what is left when it is dropped: held until the process has said its last word.
#[must_use = "what is kept is lost when the process ends"]
pub struct LastLines(Lines);

struct Shared {
    held: Mutex<Held>,
    has_some: Condvar,
}

struct Held {
    lines: Vec<u8>,
    output: Box<dyn Write + Send>,
}

/// Takes one line.
pub(super) struct Line<'a> {
    lines: &'a Lines,
    is_urgent: bool,
}

impl Lines {
    /// Begins to write to `output`, from a thread of its own.
    pub(super) fn to(output: impl Write + Send + 'static) -> io::Result<(Self, LastLines)> {
        let held = Held { lines: Vec::with_capacity(MOST), output: Box::new(output) };
        let lines = Self(Arc::new(Shared { held: Mutex::new(held), has_some: Condvar::new() }));
        let last = LastLines(lines.clone());
        let writing = lines.clone();
        thread::Builder::new().name("log-lines".to_owned()).spawn(move || writing.write_on())?;
        Ok((lines, last))
    }

    fn write_on(&self) {
        loop {
            let waited = self.0.has_some.wait_while(self.held(), |held| held.lines.is_empty());
            drop(waited);
            thread::sleep(DELAY);
            self.held().write();
        }
    }

    fn take(&self, line: &[u8], is_urgent: bool) {
        let mut held = self.held();
        if held.lines.is_empty() {
            self.0.has_some.notify_one();
        }
        held.lines.extend_from_slice(line);
        if is_urgent || held.lines.len() >= MOST {
            held.write();
        }
    }

    /// A panic while the lock was held leaves whole lines all the same.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn write(&mut self) {
        // There is nowhere to tell that the log cannot be written.
        let _ = self.output.write_all(&self.lines).and_then(|()| self.output.flush());
        self.lines.clear();
    }
}

impl Drop for LastLines {
    fn drop(&mut self) {
        self.0.held().write();
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: self, is_urgent: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        Line { lines: self, is_urgent: *metadata.level() <= Level::WARN }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.take(line, self.is_urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    struct Written(Sender<String>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(String::from_utf8(bytes.to_vec()).unwrap()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines() -> (Lines, LastLines, Receiver<String>) {
        let (sender, written) = channel();
        let (lines, last) = Lines::to(Written(sender)).unwrap();
        (lines, last, written)
    }

    #[test]
    fn what_is_not_urgent_comes_by_itself_after_a_moment() {
        let (lines, _last, written) = lines();
        lines.take(b"one\n", false);
        assert_eq!(written.recv().unwrap(), "one\n");
        lines.take(b"two\n", false);
        assert_eq!(written.recv().unwrap(), "two\n");
    }

    #[test]
    fn what_is_urgent_comes_at_once_behind_what_came_before() {
        let (lines, last, written) = lines();
        lines.take(b"one\n", false);
        lines.take(b"two\n", true);
        // Written by whoever logs, so there without waiting; the first may have gone ahead by itself.
        let together: String = written.try_iter().collect();
        assert_eq!(together, "one\ntwo\n");
        lines.take(b"three\n", false);
        drop(last);
        assert_eq!(written.try_iter().collect::<String>(), "three\n");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (lines, _last, written) = lines();
        lines.take(&vec![b'x'; MOST], false);
        assert_eq!(written.try_recv().map(|text| text.len()), Ok(MOST));
    }
}
