//! The two books that applications stand in: a tenant's, and the installation's. Here they differ; elsewhere they do not.

use diesel::{PgConnection, QueryResult};
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::flows::write::{write, write_installation};
use crate::model::application::settings::ApplicationSettings;
use crate::model::application::{Application, InstallationApplication};
use crate::model::audit::{Event, Stamp};
use crate::model::role::Role;
use crate::store::{Versioned, applications, installation_applications};

/// In whose books, and who writes in them.
#[derive(Clone)]
pub enum Registry {
    /// A tenant's, by one of its admins.
    Tenant(Caller),
    /// The installation's, by an operator.
    Installation(Stamp),
}

impl Registry {
    /// The tenant, or nil.
    pub(super) fn tenant_id(&self) -> Uuid {
        match self {
            Self::Tenant(caller) => caller.tenant_id(),
            Self::Installation(_) => Uuid::nil(),
        }
    }

    /// Who, when and in which request.
    pub(super) fn stamp(&self, ctx: &Context) -> Stamp {
        match self {
            Self::Tenant(caller) => caller.stamp(ctx),
            Self::Installation(stamp) => *stamp,
        }
    }

    /// T-05: tokens of such an application act at `/v1` with their user's role, so whoever decides where they go could be
    /// any user of the tenant. That is for owners.
    pub(super) fn check_api(&self, settings: &ApplicationSettings) -> Result<(), Error> {
        match self {
            Self::Tenant(caller) if settings.opens_api() => caller.check_role(Role::Owner),
            _ => Ok(()),
        }
    }

    /// Runs `work` in a transaction, with its audit event.
    pub(super) async fn write<T, F>(&self, ctx: &Context, stamp: Stamp, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<(T, Option<Event>), Error> + Send + 'static,
    {
        match self {
            Self::Tenant(caller) => write(ctx, caller.tenant_id(), stamp, work).await,
            Self::Installation(_) => write_installation(ctx, stamp, work).await,
        }
    }

    pub(super) fn count(&self, conn: &mut PgConnection) -> QueryResult<i64> {
        match self {
            Self::Tenant(caller) => applications::count(conn, caller.tenant_id()),
            Self::Installation(_) => installation_applications::count(conn),
        }
    }

    pub(super) fn lock(&self, conn: &mut PgConnection, id: Uuid) -> QueryResult<Option<Application>> {
        match self {
            Self::Tenant(caller) => Application::lock(conn, caller.tenant_id(), id),
            Self::Installation(_) => Ok(installation_applications::lock(conn, id)?.map(Application::from)),
        }
    }

    pub(super) fn insert(&self, conn: &mut PgConnection, row: &Application) -> QueryResult<usize> {
        match self {
            Self::Tenant(caller) => applications::insert(conn, caller.tenant_id(), row),
            Self::Installation(_) => installation_applications::insert(conn, &of_installation(row)),
        }
    }

    pub(super) fn save(&self, conn: &mut PgConnection, row: &Application, version: i64) -> QueryResult<usize> {
        match self {
            Self::Tenant(caller) => applications::save(conn, caller.tenant_id(), row, version),
            Self::Installation(_) => installation_applications::save(conn, &of_installation(row), version),
        }
    }

    pub(super) fn delete(&self, conn: &mut PgConnection, id: Uuid) -> QueryResult<usize> {
        match self {
            Self::Tenant(caller) => applications::delete(conn, caller.tenant_id(), id),
            Self::Installation(_) => installation_applications::delete(conn, id),
        }
    }
}

fn of_installation(row: &Application) -> InstallationApplication {
    row.clone().into()
}
