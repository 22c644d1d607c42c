//! Applications of a tenant.

use diesel::prelude::*;
use uuid::Uuid;

use crate::model::application::Application;
use crate::model::page::PageRequest;
use crate::schema::applications;
use crate::store::crud;

crud!(applications, Application, versioned);
