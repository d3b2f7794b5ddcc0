//! Pages of lists.

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Rows at most.
    pub limit: u16,
    /// Where it begins.
    pub start: Start,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// After this many rows; bounded, because the database walks over them.
    Offset(u32),
    /// After the row with this key: the same cost at any depth.
    After(String),
}

impl Page {
    /// The deepest row that can be reached by page number; beyond, a cursor is needed.
    pub const DEEPEST: u32 = 10_000;
    /// The most rows of a list without paging parameters.
    pub const BARE: u16 = 1_000;

    /// The first rows of a list.
    pub const fn first(limit: u16) -> Self {
        Self { limit, start: Start::Offset(0) }
    }
}

/// The rows of one page, and how the list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The key to continue after; `None` on the last page.
    pub next: Option<String>,
    /// Rows of the whole list.
    pub total: u64,
}

impl<T> Listed<T> {
    /// Shapes every row, keeping the place in the list.
    pub fn map<U>(self, shape: impl FnMut(T) -> U) -> Listed<U> {
        Listed { rows: self.rows.into_iter().map(shape).collect(), next: self.next, total: self.total }
    }
}
