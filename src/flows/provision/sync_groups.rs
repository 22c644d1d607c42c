//! Group sync: from the names a provider asserted to the memberships of this origin. Other origins are never touched.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::flows::Error;
use crate::model::connection::Connection;
use crate::model::connection::provisioning::{ProvisioningPolicy, RemovalGuard};
use crate::model::group::{Group, GroupMapping, GroupMembership, HeldGroupRemoval, MatchKind, NamePattern};
use crate::model::text::{MAX_NAME, check_line, name_key};
use crate::store::{group_mappings, groups};

/// Most groups that one login creates.
const MAX_CREATED: usize = 50;

/// What a sync wants, before the guard rail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupPlan {
    /// Existing groups to join.
    pub add: BTreeSet<Uuid>,
    /// Groups to leave.
    pub remove: BTreeSet<Uuid>,
    /// Names of groups to create and join.
    pub create: Vec<String>,
    /// Names that nothing mapped.
    pub unmatched: Vec<String>,
    /// Whether the guard rail holds `remove` back.
    pub held: bool,
}

/// What a sync did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupOutcome {
    /// Groups joined.
    pub added: Vec<Uuid>,
    /// Groups left.
    pub removed: Vec<Uuid>,
    /// Groups that would have been left, held for an admin.
    pub held: Vec<Uuid>,
}

/// Plans a sync: which groups the names lead to, against those that this origin put the user into.
#[must_use]
pub fn plan(
    names: &BTreeSet<String>,
    policy: &ProvisioningPolicy,
    known: &[Group],
    mappings: &[GroupMapping],
    current: &BTreeSet<Uuid>,
) -> GroupPlan {
    let by_key: BTreeMap<&str, Uuid> = known.iter().map(|g| (g.name_key.as_str(), g.id)).collect();
    let rules: Vec<(NamePattern, Uuid)> = mappings
        .iter()
        .filter_map(|m| NamePattern::compile(m.match_kind, &m.pattern).ok().map(|p| (p, m.group_id)))
        .collect();
    // A filter that does not compile lets nothing through; saving it was refused, so this is a last resort.
    let filter = policy.group_filter.as_deref().map(|f| NamePattern::compile(MatchKind::Regex, f));
    let passes = |name: &str| match &filter {
        None => true,
        Some(Ok(pattern)) => pattern.matches(name),
        Some(Err(_)) => false,
    };
    let mut plan = GroupPlan::default();
    let mut wanted = BTreeSet::new();
    let mut creating = BTreeSet::new();
    for name in names.iter().filter(|n| passes(n)) {
        let mut hits: BTreeSet<Uuid> = rules.iter().filter(|(p, _)| p.matches(name)).map(|(_, group)| *group).collect();
        let named = by_key.get(name_key(name).as_str()).copied();
        // A group that this sync itself made is its own to keep; one that somebody else made, only if names may match.
        hits.extend(
            named.filter(|id| policy.match_groups_by_name || (policy.create_missing_groups && current.contains(id))),
        );
        if !hits.is_empty() {
            wanted.extend(hits);
        } else if may_create(policy, name, named) && plan.create.len() < MAX_CREATED {
            // L-26: names that differ in case only are one group.
            if creating.insert(name_key(name)) {
                plan.create.push(name.clone());
            }
        } else {
            plan.unmatched.push(name.clone());
        }
    }
    plan.add = wanted.difference(current).copied().collect();
    plan.remove = current.difference(&wanted).copied().collect();
    plan.held = is_unusual(policy.removal_guard, plan.remove.len(), current.len());
    plan
}

/// Whether a group may be created for a name: asked for, fit to be a name, and no group's already.
fn may_create(policy: &ProvisioningPolicy, name: &str, named: Option<Uuid>) -> bool {
    policy.create_missing_groups && named.is_none() && check_line(name, MAX_NAME).is_ok()
}

/// Whether so many removals at once are more likely a mistake at the provider than a wish.
fn is_unusual(guard: RemovalGuard, removals: usize, current: usize) -> bool {
    guard.enabled
        && removals > guard.free_removals as usize
        && removals * 100 > current * usize::from(guard.max_percent)
}

/// Syncs the user's memberships of this connection. `None`: the provider said nothing about groups; nothing changes.
///
/// # Errors
/// [`Error`] of the database.
pub fn sync(
    conn: &mut PgConnection,
    connection: &Connection,
    user: Uuid,
    names: Option<&BTreeSet<String>>,
    now: DateTime<Utc>,
) -> Result<GroupOutcome, Error> {
    let (tenant, source, policy) = (connection.tenant_id, connection.id, &connection.provisioning.0);
    let Some(names) = names.filter(|_| policy.sync_groups) else {
        return Ok(GroupOutcome::default());
    };
    let origin = source.to_string();
    let memberships = groups::memberships_of_user(conn, tenant, user)?;
    let current = memberships.iter().filter(|m| m.origin == origin).map(|m| m.group_id).collect();
    let known = groups::all(conn, tenant)?;
    let mappings = group_mappings::for_source(conn, tenant, source)?;
    let plan = plan(names, policy, &known, &mappings, &current);

    let mut added: Vec<Uuid> = plan.add.iter().copied().collect();
    for name in &plan.create {
        let group = Group::new(tenant, name, now);
        if groups::insert_if_new(conn, tenant, &group)? == 1 {
            added.push(group.id);
        } else if let Some(twin) = groups::all(conn, tenant)?.into_iter().find(|g| g.name_key == group.name_key) {
            added.push(twin.id); // another login created it just now
        }
    }
    let rows: Vec<GroupMembership> = added
        .iter()
        .map(|group| GroupMembership {
            tenant_id: tenant,
            group_id: *group,
            user_id: user,
            origin: origin.clone(),
            created_at: now,
        })
        .collect();
    if !rows.is_empty() {
        groups::add_members(conn, tenant, &rows)?;
    }
    if !plan.unmatched.is_empty() {
        groups::note_unmatched(conn, tenant, source, &plan.unmatched, now)?;
    }
    let leaving: Vec<Uuid> = plan.remove.iter().copied().collect();
    if plan.held {
        let held = HeldGroupRemoval {
            tenant_id: tenant,
            id: Uuid::now_v7(),
            source_id: source,
            user_id: user,
            group_ids: leaving.clone(),
            created_at: now,
            updated_at: now,
        };
        groups::hold_removal(conn, tenant, &held)?;
        return Ok(GroupOutcome { added, removed: Vec::new(), held: leaving });
    }
    if !leaving.is_empty() {
        groups::remove_members(conn, tenant, user, &origin, &leaving)?;
    }
    groups::release_removal(conn, tenant, source, user)?;
    Ok(GroupOutcome { added, removed: leaving, held: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(n: u128, name: &str) -> Group {
        Group { id: Uuid::from_u128(n), ..Group::new(Uuid::nil(), name, DateTime::UNIX_EPOCH) }
    }

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|n| (*n).to_owned()).collect()
    }

    fn ids(list: &[u128]) -> BTreeSet<Uuid> {
        list.iter().map(|n| Uuid::from_u128(*n)).collect()
    }

    fn mapping(group: u128, kind: MatchKind, pattern: &str) -> GroupMapping {
        GroupMapping {
            tenant_id: Uuid::nil(),
            id: Uuid::now_v7(),
            group_id: Uuid::from_u128(group),
            source_id: None,
            match_kind: kind,
            pattern: pattern.into(),
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn names_lead_to_groups_by_name_and_by_mapping_and_the_rest_is_told() {
        let known = [group(1, "Engineering"), group(2, "Admins"), group(3, "All")];
        let rules = [mapping(2, MatchKind::Exact, "cn=root"), mapping(3, MatchKind::Regex, "eng.*|ops-.*")];
        let plan = plan(
            &names(&["engineering", "cn=root", "ops-eu", "other"]),
            &ProvisioningPolicy::default(),
            &known,
            &rules,
            &ids(&[]),
        );
        assert_eq!(plan.add, ids(&[1, 2, 3]));
        assert_eq!(plan.unmatched, ["other"]);
    }

    #[test]
    fn l_26_what_is_no_longer_asserted_is_left_and_twins_in_case_are_created_once() {
        let policy = ProvisioningPolicy { create_missing_groups: true, ..ProvisioningPolicy::default() };
        let known = [group(1, "a"), group(2, "b")];
        let plan = plan(&names(&["b", "New", "NEW", "bad\u{202e}name"]), &policy, &known, &[], &ids(&[1, 2]));
        assert_eq!((plan.add, plan.remove), (ids(&[]), ids(&[1])));
        assert_eq!(plan.create, ["NEW"]);
        assert_eq!(plan.unmatched, ["bad\u{202e}name"]);
    }

    #[test]
    fn a_created_group_is_kept_at_the_next_login_and_a_foreign_one_of_its_name_is_not_entered() {
        let policy = ProvisioningPolicy {
            create_missing_groups: true,
            match_groups_by_name: false,
            ..ProvisioningPolicy::default()
        };
        let known = [group(1, "made here"), group(2, "curated")];
        let plan = plan(&names(&["made here", "curated"]), &policy, &known, &[], &ids(&[1]));
        assert_eq!((plan.add, plan.remove), (ids(&[]), ids(&[])));
        assert_eq!((plan.create, plan.unmatched), (vec![], vec!["curated".to_owned()]));
    }

    #[test]
    fn a_filter_hides_names_and_an_unusable_one_hides_all() {
        let known = [group(1, "eng"), group(2, "hr")];
        let with = |f: &str| ProvisioningPolicy { group_filter: Some(f.into()), ..ProvisioningPolicy::default() };
        assert_eq!(plan(&names(&["eng", "hr"]), &with("e.*"), &known, &[], &ids(&[])).add, ids(&[1]));
        assert_eq!(plan(&names(&["eng", "hr"]), &with("("), &known, &[], &ids(&[])).add, ids(&[]));
    }

    #[test]
    fn mass_removal_is_held_and_small_removal_passes() {
        let policy = ProvisioningPolicy::default();
        let ten: Vec<u128> = (1..=10).collect();
        assert!(plan(&names(&[]), &policy, &[], &[], &ids(&ten)).held);
        assert!(!plan(&names(&[]), &policy, &[], &[], &ids(&ten[..5])).held);
        let off =
            ProvisioningPolicy { removal_guard: RemovalGuard { enabled: false, ..RemovalGuard::default() }, ..policy };
        assert!(!plan(&names(&[]), &off, &[], &[], &ids(&ten)).held);
    }
}
