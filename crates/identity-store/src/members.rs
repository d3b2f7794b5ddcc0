//! Who is in which group, and when.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::upsert::excluded;
use domain::Slug;
use domain::change::Change;
use domain::id::{GroupId, TenantId, UserId};
use error_codes::Result;
use identity::group::Group;
use identity::membership::Validity;
use identity::user::User;
use store::sql::{At, Id, id};
use store::{Both, Unit};

use crate::rows::{Span, count, validity};
use crate::schema::{group_members, groups, users};

/// How many usernames a list of groups shows.
#[derive(Clone, Copy, Debug)]
pub struct NamesShown {
    /// For all groups of a page together.
    pub in_page: usize,
    /// For one group.
    pub in_group: usize,
}

impl Default for NamesShown {
    fn default() -> Self {
        Self { in_page: 10_000, in_group: 1_000 }
    }
}

/// Puts a user into a group, or changes when the user is in it. The user is held, or new.
pub fn put(unit: &mut Unit<'_>, user: &User, group: GroupId, validity: Validity) -> Result<()> {
    unit.query(|connection| {
        Both(
            diesel::insert_into(group_members::table)
                .values((
                    group_members::tenant_id.eq(id(user.tenant)),
                    group_members::user_id.eq(id(user.id)),
                    group_members::group_id.eq(id(group)),
                    group_members::valid_from.eq(validity.from.map(At)),
                    group_members::valid_until.eq(validity.until.map(At)),
                ))
                .on_conflict((group_members::tenant_id, group_members::user_id, group_members::group_id))
                .do_update()
                .set((
                    group_members::valid_from.eq(excluded(group_members::valid_from)),
                    group_members::valid_until.eq(excluded(group_members::valid_until)),
                )),
        )
        .execute(connection)
    })?;
    unit.announce(user.tenant, Change::UserRevised(user.id));
    Ok(())
}

/// Takes a user that is held out of a group; false when the user was not in it.
pub fn remove(unit: &mut Unit<'_>, user: &User, group: GroupId) -> Result<bool> {
    let removed = unit.query(|connection| {
        diesel::delete(group_members::table.find((id(user.tenant), id(user.id), id(group)))).execute(connection)
    })?;
    if removed == 1 {
        unit.announce(user.tenant, Change::UserRevised(user.id));
    }
    Ok(removed == 1)
}

/// Puts a user that is held into exactly these groups. A membership that holds now keeps its bounds; one that does not
/// begins now.
pub fn replace(unit: &mut Unit<'_>, user: &User, wanted: &[GroupId]) -> Result<()> {
    let now = unit.now();
    let held = of_user(unit, user)?;
    for &(group, _) in held.iter().filter(|(group, _)| !wanted.contains(group)) {
        remove(unit, user, group)?;
    }
    for &group in wanted {
        let holds = held.iter().any(|&(held, validity)| held == group && validity.holds_at(now));
        if !holds {
            put(unit, user, group, Validity::ALWAYS)?;
        }
    }
    Ok(())
}

/// Every group of a user, also those whose time is over or has not come.
pub fn of_user(unit: &mut Unit<'_>, user: &User) -> Result<Vec<(GroupId, Validity)>> {
    let rows: Vec<(Id, Span)> = unit.query(|connection| {
        group_members::table
            .filter(group_members::tenant_id.eq(id(user.tenant)))
            .filter(group_members::user_id.eq(id(user.id)))
            .select((group_members::group_id, (group_members::valid_from, group_members::valid_until)))
            .load(connection)
    })?;
    Ok(rows.into_iter().map(|(group, span)| (group.of(), validity(span))).collect())
}

/// The groups in which each of these users is now, by slug; one query for a page of users.
pub fn groups_of(unit: &mut Unit<'_>, tenant: TenantId, users: &[UserId]) -> Result<HashMap<UserId, Vec<Slug>>> {
    let now = At(unit.now());
    let keys: Vec<_> = users.iter().map(|&user| id(user)).collect();
    let rows: Vec<(Id, String)> = unit.query(|connection| {
        group_members::table
            .inner_join(
                groups::table
                    .on(groups::tenant_id.eq(group_members::tenant_id).and(groups::id.eq(group_members::group_id))),
            )
            .filter(group_members::tenant_id.eq(id(tenant)))
            .filter(group_members::user_id.eq_any(keys))
            .filter(group_members::valid_from.is_null().or(group_members::valid_from.le(now)))
            .filter(group_members::valid_until.is_null().or(group_members::valid_until.gt(now)))
            .filter(groups::deleted_at.is_null())
            .order(groups::slug)
            .select((group_members::user_id, groups::slug))
            .load(connection)
    })?;
    let mut by_user: HashMap<UserId, Vec<Slug>> = HashMap::new();
    for (user, slug) in rows {
        let slug = Slug::parse(&slug).map_err(|_| unit.corrupt("groups", &slug))?;
        by_user.entry(user.of()).or_default().push(slug);
    }
    Ok(by_user)
}

/// The usernames of those who are in each of these groups now, the earliest made first, as many as are shown.
///
/// One query answers for all groups; only where they have too many members together, one more for each gives every group
/// its share.
pub fn usernames_of(
    unit: &mut Unit<'_>,
    tenant: TenantId,
    groups: &[Group],
    shown: NamesShown,
) -> Result<HashMap<GroupId, Vec<String>>> {
    let keys: Vec<_> = groups.iter().map(|group| id(group.id)).collect();
    let rows = usernames(unit, tenant, &keys, shown.in_page + 1)?;
    let mut by_group: HashMap<GroupId, Vec<String>> = HashMap::new();
    if rows.len() <= shown.in_page {
        for (group, name) in rows {
            let names = by_group.entry(group.of()).or_default();
            if names.len() < shown.in_group {
                names.push(name);
            }
        }
        return Ok(by_group);
    }
    let share = (shown.in_page / groups.len().max(1)).clamp(1, shown.in_group.max(1));
    for key in keys {
        let rows = usernames(unit, tenant, &[key], share)?;
        by_group.insert(key.of(), rows.into_iter().map(|(_, name)| name).collect());
    }
    Ok(by_group)
}

/// How many active users are in a group now, without an end in sight; asked of the administrators, whose group is held.
pub fn count_lasting(unit: &mut Unit<'_>, group: &Group) -> Result<u64> {
    let now = At(unit.now());
    let stored: i64 = unit.query(|connection| {
        group_members::table
            .inner_join(
                users::table
                    .on(users::tenant_id.eq(group_members::tenant_id).and(users::id.eq(group_members::user_id))),
            )
            .filter(group_members::tenant_id.eq(id(group.tenant)))
            .filter(group_members::group_id.eq(id(group.id)))
            .filter(group_members::valid_from.is_null().or(group_members::valid_from.le(now)))
            .filter(group_members::valid_until.is_null())
            .filter(users::active)
            .filter(users::deleted_at.is_null())
            .count()
            .get_result(connection)
    })?;
    count(unit, "group_members", group.id, stored)
}

fn usernames(unit: &mut Unit<'_>, tenant: TenantId, groups: &[Id], limit: usize) -> Result<Vec<(Id, String)>> {
    let now = At(unit.now());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    unit.query(|connection| {
        group_members::table
            .inner_join(
                users::table
                    .on(users::tenant_id.eq(group_members::tenant_id).and(users::id.eq(group_members::user_id))),
            )
            .filter(group_members::tenant_id.eq(id(tenant)))
            .filter(group_members::group_id.eq_any(groups))
            .filter(group_members::valid_from.is_null().or(group_members::valid_from.le(now)))
            .filter(group_members::valid_until.is_null().or(group_members::valid_until.gt(now)))
            .order((group_members::group_id, group_members::user_id))
            .limit(limit)
            .select((group_members::group_id, users::username))
            .load(connection)
    })
}
