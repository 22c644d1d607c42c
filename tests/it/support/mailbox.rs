//! What was posted to an address, and the links in it.

use diesel::prelude::*;
use doorward::flows::post::place_of_link;
use doorward::model::delivery::{Delivery, Language};
use doorward::model::letter::Letter;
use doorward::schema::deliveries;
use doorward::store::db::DbError;
use secrecy::ExposeSecret;

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
    let open = |row: &Delivery| {
        let sealed = row.link.as_ref()?;
        let bytes = app.context.sealer.open(place_of_link(row.tenant_id, row.id), sealed).unwrap();
        Some(String::from_utf8(bytes.expose_secret().to_vec()).unwrap())
    };
    let rows: Vec<Delivery> = rows.await.unwrap();
    rows.into_iter().map(|row| Posted { link: open(&row), letter: row.content.0, language: row.language }).collect()
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
