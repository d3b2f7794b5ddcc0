//! The page of all settings, from the reference files that the services print.

use std::fmt::Write;

/// One reference file.
pub(super) struct Reference<'a> {
    pub(super) service: &'a str,
    /// Such as `GATEHOUSE_AUTH`.
    pub(super) prefix: &'a str,
    pub(super) toml: &'a str,
}

/// The page: a chapter for each service, a table for each section of its file.
pub(super) fn page(references: &[Reference<'_>]) -> String {
    let mut page =
        "# Settings\n\nEvery setting of both services with its default. Made from the code; how settings are given: \
                    [configure.md](configure.md).\n"
            .to_owned();
    for reference in references {
        // Writing into a text cannot fail.
        let _ = write!(page, "\n## {}\n{}", reference.service, chapter(reference));
    }
    page
}

/// Reads the file line by line: a comment tells of the settings below it, up to the next comment or section.
fn chapter(reference: &Reference<'_>) -> String {
    let mut chapter = String::new();
    let (mut section, mut comment, mut is_told, mut has_table) = (String::new(), Vec::new(), false, false);
    // What stands above the first section is about the file.
    let body = reference.toml.find("\n\n").map_or("", |end| &reference.toml[end..]);
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix('#') {
            if is_told {
                (comment, is_told) = (Vec::new(), false);
            }
            comment.push(text.trim());
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            let about = std::mem::take(&mut comment).join(" ");
            let about = if is_told || about.is_empty() { String::new() } else { format!("\n{}\n", escaped(&about)) };
            let _ = write!(chapter, "\n### `[{section}]`\n{about}");
            (is_told, has_table) = (false, false);
        } else if let Some((name, default)) = line.split_once(" = ") {
            if !has_table {
                chapter.push_str("\n| Setting | Environment | Default | What it means |\n|---|---|---|---|\n");
                has_table = true;
            }
            let variable = format!("{}__{section}__{name}", reference.prefix).replace('.', "__").to_uppercase();
            let meaning = if is_told { "as above".to_owned() } else { escaped(&comment.join(" ")) };
            let _ = writeln!(chapter, "| `{section}.{name}` | `{variable}` | `{default}` | {meaning} |");
            is_told = true;
        } else if is_told {
            (comment, is_told) = (Vec::new(), false);
        }
    }
    chapter
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_has_its_variable_its_default_and_its_meaning() {
        let toml = "# About the file.\n\n# Of clients,\n# all of them.\n[http.tls]\n# A <file>, or none.\nkey = \"\"\n\n\
                    # Two | bounds.\nlow = 1\nhigh = 2\n\n# Names.\n[callers]\n";
        let page = page(&[Reference { service: "example", prefix: "EXAMPLE", toml }]);
        assert!(
            page.ends_with(
                "\n## example\n\n### `[http.tls]`\n\nOf clients, all of them.\n\n\
             | Setting | Environment | Default | What it means |\n|---|---|---|---|\n\
             | `http.tls.key` | `EXAMPLE__HTTP__TLS__KEY` | `\"\"` | A &lt;file>, or none. |\n\
             | `http.tls.low` | `EXAMPLE__HTTP__TLS__LOW` | `1` | Two \\| bounds. |\n\
             | `http.tls.high` | `EXAMPLE__HTTP__TLS__HIGH` | `2` | as above |\n\
             \n### `[callers]`\n\nNames.\n"
            ),
            "{page}"
        );
    }
}
