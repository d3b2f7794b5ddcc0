//! The table: what was measured beside its goal.

use std::fmt::Write;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Line {
    /// What was measured.
    pub row: String,
    /// On which engine; empty where it does not matter.
    pub engine: &'static str,
    /// The value with its unit.
    pub value: String,
    /// The goal, as `goals.md` has it.
    pub goal: String,
    /// Whether the goal is reached; `None` where there is none.
    pub reached: Option<bool>,
    /// What else is worth knowing.
    pub note: String,
}

impl Line {
    /// A rate that shall be at least its goal.
    pub fn at_least(row: impl Into<String>, engine: &'static str, value: f64, goal: f64, unit: &str) -> Self {
        Self {
            row: row.into(),
            engine,
            value: format!("{} {unit}", number(value)),
            goal: format!("≥ {}", number(goal)),
            reached: Some(value >= goal),
            note: String::new(),
        }
    }

    /// A cost that shall be at most its goal.
    pub fn at_most(row: impl Into<String>, engine: &'static str, value: f64, goal: f64, unit: &str) -> Self {
        Self {
            row: row.into(),
            engine,
            value: format!("{} {unit}", number(value)),
            goal: format!("≤ {}", number(goal)),
            reached: Some(value <= goal),
            note: String::new(),
        }
    }

    /// A value without a goal.
    pub fn plain(row: impl Into<String>, engine: &'static str, value: f64, unit: &str) -> Self {
        Self {
            row: row.into(),
            engine,
            value: format!("{} {unit}", number(value)),
            goal: String::new(),
            reached: None,
            note: String::new(),
        }
    }

    /// The same line with a note.
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// The lines as a table in Markdown.
pub fn table(lines: &[Line]) -> String {
    let mut text = String::from("| Row | Engine | Measured | Goal | | Note |\n|---|---|---:|---:|---|---|\n");
    for line in lines {
        let mark = match line.reached {
            Some(true) => "✓",
            Some(false) => "✗",
            None => "",
        };
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {mark} | {} |",
            line.row, line.engine, line.value, line.goal, line.note
        );
    }
    text
}

/// `1234.5` as `1,235`, and small numbers with as many digits as tell something.
fn number(value: f64) -> String {
    if value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    if value.abs() < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(1_234_567.4), "1,234,567");
        assert_eq!(number(999.6), "1,000");
        assert_eq!(number(42.31), "42.3");
        assert_eq!(number(0.123), "0.12");
    }

    #[test]
    fn a_missed_goal_is_marked() {
        let table =
            table(&[Line::at_least("tokens", "SQLite", 2_300.0, 3_000.0, "/CPU-s"), Line::plain("x", "", 1.0, "s")]);
        assert!(table.contains("| tokens | SQLite | 2,300 /CPU-s | ≥ 3,000 | ✗ |  |"), "{table}");
        assert!(table.contains("| x |  | 1.00 s |  |  |  |"), "{table}");
    }
}
