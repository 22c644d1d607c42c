//! Lists: `limit` and `cursor` in, `items` and `next_cursor` out (T-10).

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::flows::{Error, Fault};
use crate::http::problem::Problem;
use crate::model::page::{MAX_LIMIT, PageRequest, decode_cursor, encode_cursor};

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// How many, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The objects.
    pub items: Vec<T>,
    /// Cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Checks `limit` and `cursor`.
///
/// # Errors
/// 422 with the field.
pub fn page(limit: Option<i64>, cursor: Option<&str>) -> Result<PageRequest, Problem> {
    let limit = limit.unwrap_or(50);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::invalid("limit", format!("must be between 1 and {MAX_LIMIT}")).into());
    }
    let after = match cursor {
        None => None,
        Some(text) => {
            let fault = || Fault { field: "cursor".into(), message: "is no next_cursor of an earlier answer".into() };
            Some(decode_cursor(text).ok_or_else(|| Problem::invalid(vec![fault()]))?)
        }
    };
    Ok(PageRequest { after, limit })
}

impl PageQuery {
    /// Checks the query.
    ///
    /// # Errors
    /// 422 with the field.
    pub fn request(&self) -> Result<PageRequest, Problem> {
        page(self.limit, self.cursor.as_deref())
    }
}

impl<T> Page<T> {
    /// The page of these rows; a full one has a next one.
    pub fn of<'a, R>(rows: &'a [R], page: PageRequest, id: impl Fn(&'a R) -> Uuid, out: impl Fn(&'a R) -> T) -> Self {
        let full = i64::try_from(rows.len()).is_ok_and(|n| n >= page.limit);
        let next_cursor = rows.last().filter(|_| full).map(|row| encode_cursor(id(row)));
        Self { items: rows.iter().map(out).collect(), next_cursor }
    }

    /// A list that has one page only.
    pub fn all(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}
