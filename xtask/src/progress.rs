//! How progress is told: headings, steps and spans of time.

use std::io::{self, Write};
use std::time::Duration;

/// Opens a part of a long command.
pub(crate) fn heading(title: &str) {
    eprintln!("\n── {title} ──");
}

/// Tells what happens now.
pub(crate) fn step(sentence: &str) {
    eprintln!("→ {sentence}");
}

/// Tells something that may find nobody listening any more (`| head`, a closed terminal), which is no reason to fail.
pub(crate) fn say(text: &str) {
    let mut terminal = io::stdout().lock();
    let _ = terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush());
}

/// A span of time as a person says it: `42 s`, `3 min 12 s`.
pub(crate) fn spell(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_appear_only_when_there_are_any() {
        assert_eq!(spell(Duration::from_millis(59_900)), "59 s");
        assert_eq!(spell(Duration::from_secs(192)), "3 min 12 s");
    }
}
