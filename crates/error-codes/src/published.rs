//! The published list of codes.

use std::fmt::Write;

use crate::{RESERVED, all};

/// The catalogue as Markdown, which `CODES.md` holds.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Error codes\n\n\
         Every refusal has a stable code. `AUT-` codes come from auth-service, `IDE-` codes from identity-service; a\n\
         number is never given to another meaning. Clients key on the code; titles and messages are for people.\n\n\
         This list is generated: `cargo xtask generate`.\n\n\
         | Code | HTTP | gRPC | Title | OAuth | SCIM | What to do |\n|---|---|---|---|---|---|---|\n",
    );
    for code in all() {
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            code.number(),
            code.kind().http_status(),
            code.kind().grpc_status(),
            code.title(),
            name(code.oauth()),
            name(code.scim()),
            code.message(),
        );
    }
    text.push_str("\n## Reserved\n\nSpoken for, and not used by any answer yet:\n\n");
    for number in RESERVED {
        let _ = writeln!(text, "- {number}");
    }
    text
}

fn name(name: Option<&str>) -> String {
    name.map(|name| format!("`{name}`")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn every_code_is_published_once() {
        let text = markdown();
        for number in all().map(Code::number) {
            assert_eq!(text.matches(&format!("| {number} |")).count(), 1, "{number}");
        }
    }
}
