//! The table: what was done, what is promised, what was seen.

use std::fmt::Write;

use deployment::Engine;

/// How a promise fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was kept.
    Kept,
    /// It was broken.
    Broken,
    /// It could not be tried here; the line says why.
    Skipped,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Line {
    /// The name of the scenario.
    pub scenario: &'static str,
    /// On which engine.
    pub engine: Engine,
    /// What was done.
    pub done: String,
    /// What is promised.
    pub promised: &'static str,
    /// What was seen.
    pub seen: String,
    /// How the promise fared.
    pub verdict: Verdict,
}

/// Makes the lines of one scenario on one engine.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// The name of the scenario.
    pub scenario: &'static str,
    /// On which engine.
    pub engine: Engine,
}

impl Lines {
    /// A promise that was kept or broken.
    pub fn line(self, done: impl Into<String>, promised: &'static str, seen: impl Into<String>, kept: bool) -> Line {
        let verdict = if kept { Verdict::Kept } else { Verdict::Broken };
        let Self { scenario, engine } = self;
        Line { scenario, engine, done: done.into(), promised, seen: seen.into(), verdict }
    }

    /// A promise that could not be tried.
    pub fn skipped(self, done: impl Into<String>, why: impl Into<String>) -> Line {
        Line { verdict: Verdict::Skipped, ..self.line(done, "", why, true) }
    }
}

impl Line {
    /// The word for the verdict.
    pub fn mark(&self) -> &'static str {
        match self.verdict {
            Verdict::Kept => "pass",
            Verdict::Broken => "FAIL",
            Verdict::Skipped => "skipped",
        }
    }
}

/// The lines as a table in Markdown.
pub fn table(lines: &[Line]) -> String {
    let mut text = String::from("| Scenario | Engine | Done | Promised | Seen | |\n|---|---|---|---|---|---|\n");
    for line in lines {
        let Line { scenario, engine, done, promised, seen, .. } = line;
        let seen = seen.replace('\n', " ").replace('|', "\\|");
        // Writing to a text cannot fail.
        let _ = writeln!(text, "| {scenario} | {} | {done} | {promised} | {seen} | {} |", engine.name(), line.mark());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_its_verdict() {
        let lines = Lines { scenario: "kill", engine: Engine::Sqlite };
        let table = table(&[lines.line("killed", "nothing lost", "1 | 2", false), lines.skipped("frozen", "no tool")]);
        assert!(table.contains("| kill | SQLite | killed | nothing lost | 1 \\| 2 | FAIL |"), "{table}");
        assert!(table.contains("| kill | SQLite | frozen |  | no tool | skipped |"), "{table}");
    }
}
