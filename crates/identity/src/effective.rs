//! What a subject may do now: every permission with the ways on which it comes, page by page.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::page::{Listed, Page, Start};
use domain::permission::Permission;
use error_codes::{Failure, Result, ide};

use crate::explain::Ways;
use crate::membership::Reach;

/// A permission that a subject holds now.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// The permission, with its stars.
    pub permission: Permission,
    /// How it comes to the subject.
    pub ways: Ways,
}

/// One page of what holds now, sorted by product, resource and action, which are the key of a page.
///
/// # Errors
/// IDE-0005 for a cursor that no list gave.
pub fn effective(reaches: &[Reach], now: Timestamp, page: &Page) -> Result<Listed<Effective>> {
    let mut held: BTreeMap<&Permission, Vec<&Reach>> = BTreeMap::new();
    for reach in reaches.iter().filter(|reach| reach.validity.holds_at(now)) {
        held.entry(&reach.permission).or_default().push(reach);
    }
    let total = u64::try_from(held.len()).unwrap_or(u64::MAX);
    let limit = usize::from(page.limit);
    let rest: Vec<_> = match &page.start {
        Start::Offset(rows) => held.into_iter().skip(usize::try_from(*rows).unwrap_or(usize::MAX)).collect(),
        Start::After(key) => {
            let after = read_key(key)?;
            held.into_iter().filter(|(permission, _)| **permission > after).collect()
        }
    };
    let goes_on = rest.len() > limit;
    let shown = rest.into_iter().take(limit);
    let rows: Vec<_> = shown
        .map(|(permission, reaches)| Effective { permission: permission.clone(), ways: Ways::of(reaches) })
        .collect();
    let next = rows.last().filter(|_| goes_on).map(|last| key(&last.permission));
    Ok(Listed { rows, next, total })
}

/// No part of a permission holds a space.
fn key(permission: &Permission) -> String {
    let Permission { product, resource, action } = permission;
    format!("{product} {resource} {action}")
}

fn read_key(key: &str) -> Result<Permission> {
    let mut parts = key.split(' ');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(product), Some(resource), Some(action), None) => Ok(Permission::new(product, resource, action)),
        _ => Err(Failure::new(ide::INVALID_QUERY_PARAMETER).with_field("cursor", "must be one that this list gave")),
    }
}

#[cfg(test)]
mod tests {
    use domain::Slug;
    use domain::permission::Way;

    use super::*;
    use crate::membership::Validity;

    fn reach(action: &str, group: Option<&str>, until: Option<i64>) -> Reach {
        let way = Way { group: group.map(|group| Slug::parse(group).unwrap()), ..Way::default() };
        let validity = Validity { from: None, until: until.map(Timestamp::from_seconds) };
        Reach { permission: Permission::new("midaz", "ledgers", action), way, validity }
    }

    fn shown(reaches: &[Reach], page: &Page) -> Listed<String> {
        let listed = effective(reaches, Timestamp::from_seconds(10), page).unwrap();
        listed.map(|row| format!("{}:{}", row.permission.action, row.ways.total))
    }

    #[test]
    fn each_permission_that_holds_comes_once_with_all_its_ways() {
        let reaches = [
            reach("post", Some("desk"), None),
            reach("get", Some("desk"), None),
            reach("get", None, Some(11)),
            reach("delete", None, Some(10)),
        ];
        let page = Page::first(10);
        assert_eq!(shown(&reaches, &page).rows, ["get:2", "post:1"]);
        let ways = effective(&reaches, Timestamp::from_seconds(10), &page).unwrap().rows.swap_remove(0).ways;
        assert_eq!(ways.shown, [reaches[2].clone(), reaches[1].clone()], "the shortest way first");
    }

    #[test]
    fn pages_follow_each_other_without_a_gap() {
        let reaches = ["d", "a", "c", "b", "e"].map(|action| reach(action, None, None));
        let first = shown(&reaches, &Page::first(2));
        assert_eq!((first.rows.join(" "), first.total), ("a:1 b:1".to_owned(), 5));
        let next = |start| shown(&reaches, &Page { limit: 2, start });
        let second = next(Start::After(first.next.unwrap()));
        assert_eq!(second.rows, ["c:1", "d:1"]);
        assert_eq!(next(Start::Offset(2)), second);
        let last = next(Start::After(second.next.unwrap()));
        assert_eq!((last.rows.join(" "), last.next), ("e:1".to_owned(), None));
        let page = Page { limit: 2, start: Start::After("a b".to_owned()) };
        assert!(effective(&reaches, Timestamp::from_seconds(10), &page).is_err());
    }
}
