//! Text in columns, as commands print it.

/// Lines with their cells one below the other, the first line the names of the columns.
pub fn columns<const N: usize>(lines: &[[String; N]]) -> String {
    let widths: [usize; N] =
        std::array::from_fn(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default());
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_below_each_other() {
        let lines = [["NAME", "ACTIVE", "USERS"], ["lerian", "yes", ""], ["ação", "no", "3"]];
        let text = columns(&lines.map(|line| line.map(str::to_owned)));
        assert_eq!(text, "NAME    ACTIVE  USERS\nlerian  yes\nação    no      3\n");
    }
}
