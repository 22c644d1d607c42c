//! Service accounts.

use diesel::prelude::*;
use uuid::Uuid;

use crate::model::page::PageRequest;
use crate::model::service_account::ServiceAccount;
use crate::schema::service_accounts;
use crate::store::crud;

crud!(service_accounts, ServiceAccount, versioned);
