//! Pages of lists: by number near the beginning, by key at any depth.

use domain::page::{Listed, Page, Start};
use error_codes::{Failure, Result, ide};

/// Where a page begins, with the key read.
pub(crate) enum Window<K> {
    /// After so many rows.
    Offset(i64),
    /// After the row with this key.
    After(K),
}

/// Reads the start of a page.
///
/// # Errors
/// IDE-0005 for a cursor that no list gave.
pub(crate) fn window<K>(page: &Page, read: impl FnOnce(&str) -> Option<K>) -> Result<Window<K>> {
    match &page.start {
        Start::Offset(rows) => Ok(Window::Offset((*rows).into())),
        Start::After(key) => read(key).map(Window::After).ok_or_else(|| {
            Failure::new(ide::INVALID_QUERY_PARAMETER).with_field("cursor", "must be one that this list gave")
        }),
    }
}

/// Rows to ask for: one more than the page has, to see whether the list goes on.
pub(crate) fn rows_to_read(page: &Page) -> i64 {
    i64::from(page.limit) + 1
}

/// The page made of the rows that were read.
pub(crate) fn listed<T>(mut rows: Vec<T>, page: &Page, total: u64, key: impl FnOnce(&T) -> String) -> Listed<T> {
    let limit = usize::from(page.limit);
    let goes_on = rows.len() > limit;
    rows.truncate(limit);
    let next = if goes_on { rows.last().map(key) } else { None };
    Listed { rows, next, total }
}
