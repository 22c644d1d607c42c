//! Sso: whether people sign in by connections or by passwords, and for how long what was set counts.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::model::text_enum::text_enum;

text_enum! {
    /// Whether people sign in by connections, by passwords of Doorward's own, or both.
    Sso {
        /// Connections sign nobody in; there are passwords only.
        Off = "off",
        /// Both.
        Optional = "optional",
        /// Passwords sign nobody in; API keys and sessions go on.
        Enforced = "enforced",
    }
}

/// What a tenant's `sso` was set to. An enforcement that waits to be confirmed counts until its time and no longer, whether
/// or not anybody has put it back in the database by then; so the value is only told together with a time, by [`Self::at`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::tenants, treat_none_as_null = true)]
pub struct SsoSetting {
    sso: Sso,
    sso_before: Option<Sso>,
    sso_confirm_by: Option<DateTime<Utc>>,
}

impl From<Sso> for SsoSetting {
    /// What counts until somebody sets something else.
    fn from(sso: Sso) -> Self {
        Self { sso, sso_before: None, sso_confirm_by: None }
    }
}

impl SsoSetting {
    /// Enforced until `confirm_by`, then `before` again, unless it is confirmed.
    #[must_use]
    pub fn enforced_until(confirm_by: DateTime<Utc>, before: Sso) -> Self {
        Self { sso: Sso::Enforced, sso_before: Some(before), sso_confirm_by: Some(confirm_by) }
    }

    /// What counts at `now`.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> Sso {
        self.gone_back_to(now).unwrap_or(self.sso)
    }

    /// Until when the enforcement has to be confirmed that counts at `now`; `None`: nothing waits.
    #[must_use]
    pub fn confirm_by(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.sso_confirm_by.filter(|by| now < *by)
    }

    /// What counts again, when an enforcement stands here that nobody confirmed in time.
    #[must_use]
    pub fn gone_back_to(&self, now: DateTime<Utc>) -> Option<Sso> {
        self.sso_before.filter(|_| self.sso_confirm_by.is_some_and(|by| by <= now))
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    #[test]
    fn what_was_set_counts_and_an_enforcement_that_waits_counts_until_its_time() {
        let (now, second) = (DateTime::UNIX_EPOCH, Duration::seconds(1));
        for sso in [Sso::Off, Sso::Optional, Sso::Enforced] {
            let set = SsoSetting::from(sso);
            assert_eq!((set.at(now), set.confirm_by(now), set.gone_back_to(now)), (sso, None, None));
        }
        for before in [Sso::Off, Sso::Optional] {
            let waits = SsoSetting::enforced_until(now, before);
            let earlier = now - second;
            assert_eq!((waits.at(earlier), waits.confirm_by(earlier)), (Sso::Enforced, Some(now)));
            assert_eq!(waits.gone_back_to(earlier), None);
            for later in [now, now + second] {
                assert_eq!((waits.at(later), waits.confirm_by(later)), (before, None));
                assert_eq!(waits.gone_back_to(later), Some(before));
            }
        }
    }
}
