//! The difference as people read it: `+` is made, `~` changed, `-` deleted; a secret is told by four bytes of its digest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use ::identity::declared::{Edit, Kind, Members, Plan};
use ::identity::tenant::Tenant;
use domain::{Secret, Slug};

/// The difference of one tenant; `new` where it is made.
pub(super) fn of(slug: &Slug, new: Option<&Tenant>, plan: &Plan, secrets: &BTreeMap<String, Secret<String>>) -> String {
    let mut text = String::new();
    match (new, &plan.tenant) {
        (Some(made), changed) => {
            let after = changed.as_ref().map_or(made, |(_, after)| after);
            section(&mut text, "", &format!("tenant {slug}"), None, Some(after));
        }
        (None, Some((before, after))) => section(&mut text, "", &format!("tenant {slug}"), Some(before), Some(after)),
        (None, None) => line(&mut text, "", ' ', &format!("tenant {slug}")),
    }
    all(&mut text, Kind::Role, &plan.roles);
    all(&mut text, Kind::Group, &plan.groups);
    all(&mut text, Kind::Application, &plan.applications);
    let made = plan.applications.iter().filter(|edit| edit.before.is_none() && !secrets.contains_key(&edit.name));
    for edit in made {
        line(&mut text, "  ", '!', &format!("application {} has no secret yet", edit.name));
    }
    text
}

fn all<T: Members>(text: &mut String, kind: Kind, edits: &[Edit<T>]) {
    for edit in edits {
        let title = format!("{} {}", kind.name(), edit.name);
        section(text, "  ", &title, edit.before.as_ref(), edit.after.as_ref());
    }
}

fn section<T: Members>(text: &mut String, indent: &str, title: &str, before: Option<&T>, after: Option<&T>) {
    let (sign, is_told) = match (before, after) {
        (None, _) => ('+', true),
        (Some(_), Some(_)) => ('~', true),
        (Some(_), None) => ('-', false),
    };
    line(text, indent, sign, title);
    if !is_told {
        return;
    }
    let [before, after] = [before, after].map(|state| state.map(Members::members).unwrap_or_default());
    let indent = format!("{indent}    ");
    for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        match (before.get(name), after.get(name)) {
            (Some(was), Some(is)) if was != is => line(text, &indent, '~', &format!("{name}: {was} → {is}")),
            (None, Some(is)) => line(text, &indent, '+', &member(name, is)),
            (Some(was), None) => line(text, &indent, '-', &member(name, was)),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

fn member(name: &str, value: &str) -> String {
    if value.is_empty() { name.to_owned() } else { format!("{name}: {value}") }
}

fn line(text: &mut String, indent: &str, sign: char, told: &str) {
    let _ = writeln!(text, "{indent}{sign} {told}");
}

#[cfg(test)]
mod tests {
    use ::identity::declared::RoleState;
    use domain::permission::Permission;

    use super::*;

    #[test]
    fn a_difference_tells_what_is_made_changed_and_deleted() {
        let role = |name: &str, action| RoleState {
            name: name.to_owned(),
            permissions: [Permission::new("midaz", "ledgers", action)].into(),
        };
        let edit = |name: &str, before, after| Edit { name: name.to_owned(), before, after };
        let roles = vec![
            edit("old", Some(role("Old", "get")), None),
            edit("desk", Some(role("Desk", "get")), Some(role("Fraud", "post"))),
            edit("new", None, Some(role("New", "get"))),
        ];
        let plan = Plan { roles, ..Plan::default() };
        let text = of(&Slug::parse("acme").unwrap(), None, &plan, &BTreeMap::new());
        let expected = "  tenant acme
  - role old
  ~ role desk
      ~ name: Desk → Fraud
      - permission midaz:ledgers:get
      + permission midaz:ledgers:post
  + role new
      + name: New
      + permission midaz:ledgers:get
";
        assert_eq!(text, expected);
    }
}
