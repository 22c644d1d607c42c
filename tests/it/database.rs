//! The database itself: schema, walls, roles and migrations (design 3).

mod migrations;
mod schema;
mod walls;
