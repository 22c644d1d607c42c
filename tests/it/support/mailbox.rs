//! What was posted to an address, by its kind, and the links as they arrived.

use diesel::prelude::*;
use doorward::model::delivery::{Delivery, Language};
use doorward::model::letter::Letter;
use doorward::schema::deliveries;
use doorward::store::db::DbError;

use super::TestApp;

/// A letter that was posted.
#[derive(Debug, Clone)]
pub struct Posted {
    pub letter: Letter,
    pub language: Language,
    /// The whole URL.
    pub link: Option<String>,
}

/// Everything that was posted to this address, oldest first.
pub async fn posted_to(app: &TestApp, address: &str) -> Vec<Posted> {
    if address.contains('\0') {
        return Vec::new(); // PostgreSQL knows no such text
    }
    let wanted = address.to_owned();
    let rows = app.context.db.system(move |conn| {
        let to = deliveries::table.filter(deliveries::recipient.eq(wanted)).order(deliveries::id);
        Ok::<_, DbError>(to.select(Delivery::as_select()).load(conn)?)
    });
    let rows: Vec<Delivery> = rows.await.unwrap();
    let mut posted = Vec::new();
    for row in rows {
        let links = !matches!(row.content.0, Letter::AddressChanged { .. });
        let link = if links { Some(app.letter_of(row.id).await.link()) } else { None };
        posted.push(Posted { link, letter: row.content.0, language: row.language });
    }
    posted
}

/// The link of the newest letter to this address.
pub async fn link_to(app: &TestApp, address: &str) -> String {
    let letters = posted_to(app, address).await;
    letters.into_iter().filter_map(|posted| posted.link).next_back().unwrap_or_else(|| panic!("no link to {address}"))
}

/// The token in a link.
pub fn token_of(link: &str) -> String {
    link.split_once("token=").unwrap_or_else(|| panic!("{link} has no token")).1.to_owned()
}
