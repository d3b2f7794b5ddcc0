//! Who holds a permission: along the keys of grants, roles, groups and products, a batch at a time.
//!
//! Nothing is filtered but by key, so a batch costs the same wherever it begins and however many are left; what does not
//! hold now is for the caller to pass over.

use std::collections::HashMap;

use diesel::prelude::*;
use domain::Slug;
use domain::id::{GroupId, RoleId, TenantId, UserId};
use domain::permission::Permission;
use error_codes::Result;
use identity::holders::{Named, Subject, SubjectKind};
use identity::membership::Validity;
use store::Unit;
use store::sql::{Id, id};
use uuid::Uuid;

use crate::rows::{Span, validity};
use crate::schema::{applications, group_members, groups, permission_grants, role_grants, roles, users};

/// Rows of one batch.
pub const BATCH: usize = 100;
const LIMIT: i64 = 100;

/// An id with the name it goes by.
type NameRow = (Id, String);

/// Where a batch begins.
#[derive(Clone, Copy, Debug)]
pub enum Begin {
    /// At this key.
    At(Uuid),
    /// After this key.
    After(Uuid),
}

impl Begin {
    /// At the first key there is.
    pub const START: Self = Self::At(Uuid::nil());
}

/// The holders that were granted a permission of their own, by key.
pub fn granted(
    unit: &mut Unit<'_>,
    tenant: TenantId,
    permission: &Permission,
    from: Begin,
) -> Result<Vec<(Uuid, Validity)>> {
    let rows: Vec<(Id, Span)> = unit.query(|connection| {
        let query = permission_grants::table
            .filter(permission_grants::tenant_id.eq(id(tenant)))
            .filter(permission_grants::product.eq(&permission.product))
            .filter(permission_grants::resource.eq(&permission.resource))
            .filter(permission_grants::action.eq(&permission.action))
            .order(permission_grants::holder_id)
            .limit(LIMIT)
            .select((permission_grants::holder_id, (permission_grants::valid_from, permission_grants::valid_until)))
            .into_boxed();
        match from {
            Begin::At(key) => query.filter(permission_grants::holder_id.ge(Id(key))).load(connection),
            Begin::After(key) => query.filter(permission_grants::holder_id.gt(Id(key))).load(connection),
        }
    })?;
    Ok(rows.into_iter().map(|(holder, span)| (holder.0, validity(span))).collect())
}

/// The holders that were given a role, by key.
pub fn given(unit: &mut Unit<'_>, tenant: TenantId, role: RoleId, from: Begin) -> Result<Vec<(Uuid, Validity)>> {
    let rows: Vec<(Id, Span)> = unit.query(|connection| {
        let query = role_grants::table
            .filter(role_grants::tenant_id.eq(id(tenant)))
            .filter(role_grants::role_id.eq(id(role)))
            .order(role_grants::holder_id)
            .limit(LIMIT)
            .select((role_grants::holder_id, (role_grants::valid_from, role_grants::valid_until)))
            .into_boxed();
        match from {
            Begin::At(key) => query.filter(role_grants::holder_id.ge(Id(key))).load(connection),
            Begin::After(key) => query.filter(role_grants::holder_id.gt(Id(key))).load(connection),
        }
    })?;
    Ok(rows.into_iter().map(|(holder, span)| (holder.0, validity(span))).collect())
}

/// Those who are, were or will be in a group, by id.
pub fn members(
    unit: &mut Unit<'_>,
    tenant: TenantId,
    group: GroupId,
    after: Option<Uuid>,
) -> Result<Vec<(UserId, Validity)>> {
    let rows: Vec<(Id, Span)> = unit.query(|connection| {
        group_members::table
            .filter(group_members::tenant_id.eq(id(tenant)))
            .filter(group_members::group_id.eq(id(group)))
            .filter(group_members::user_id.gt(Id(after.unwrap_or_default())))
            .order(group_members::user_id)
            .limit(LIMIT)
            .select((group_members::user_id, (group_members::valid_from, group_members::valid_until)))
            .load(connection)
    })?;
    Ok(rows.into_iter().map(|(user, span)| (user.of(), validity(span))).collect())
}

/// The living applications of a product, by id.
pub fn applications_of(
    unit: &mut Unit<'_>,
    tenant: TenantId,
    product: &str,
    after: Option<Uuid>,
) -> Result<Vec<Subject>> {
    let rows: Vec<NameRow> = unit.query(|connection| {
        applications::table
            .filter(applications::tenant_id.eq(id(tenant)))
            .filter(applications::product.eq(product))
            .filter(applications::deleted_at.is_null())
            .filter(applications::id.gt(Id(after.unwrap_or_default())))
            .order(applications::id)
            .limit(LIMIT)
            .select((applications::id, applications::name))
            .load(connection)
    })?;
    Ok(rows.into_iter().map(|(id, name)| Subject { kind: SubjectKind::Application, id: id.0, name }).collect())
}

/// The living users of a tenant with whether they are active, by id.
pub fn everybody(unit: &mut Unit<'_>, tenant: TenantId, after: Option<Uuid>) -> Result<Vec<(Subject, bool)>> {
    let rows: Vec<(Id, String, bool)> = unit.query(|connection| {
        users::table
            .filter(users::tenant_id.eq(id(tenant)))
            .filter(users::deleted_at.is_null())
            .filter(users::id.gt(Id(after.unwrap_or_default())))
            .order(users::id)
            .limit(LIMIT)
            .select((users::id, users::username, users::active))
            .load(connection)
    })?;
    let subject =
        |(id, name, active): (Id, String, bool)| (Subject { kind: SubjectKind::User, id: id.0, name }, active);
    Ok(rows.into_iter().map(subject).collect())
}

/// What these keys belong to; those of nobody who lives and is active are missing.
pub fn named(unit: &mut Unit<'_>, tenant: TenantId, keys: &[Uuid]) -> Result<HashMap<Uuid, Named>> {
    let keys: Vec<Id> = keys.iter().copied().map(Id).collect();
    let role_rows: Vec<NameRow> = unit.query(|connection| {
        roles::table
            .filter(roles::tenant_id.eq(id(tenant)))
            .filter(roles::id.eq_any(&keys))
            .select((roles::id, roles::slug))
            .load(connection)
    })?;
    let group_rows: Vec<NameRow> = unit.query(|connection| {
        groups::table
            .filter(groups::tenant_id.eq(id(tenant)))
            .filter(groups::id.eq_any(&keys))
            .filter(groups::deleted_at.is_null())
            .select((groups::id, groups::slug))
            .load(connection)
    })?;
    let application_rows: Vec<NameRow> = unit.query(|connection| {
        applications::table
            .filter(applications::tenant_id.eq(id(tenant)))
            .filter(applications::id.eq_any(&keys))
            .filter(applications::deleted_at.is_null())
            .select((applications::id, applications::name))
            .load(connection)
    })?;
    let mut named = HashMap::new();
    for (key, slug) in role_rows {
        let slug = Slug::parse(&slug).map_err(|_| unit.corrupt("roles", key.0))?;
        named.insert(key.0, Named::Role(key.of(), slug));
    }
    for (key, slug) in group_rows {
        let slug = Slug::parse(&slug).map_err(|_| unit.corrupt("groups", key.0))?;
        named.insert(key.0, Named::Group(key.of(), slug));
    }
    for (key, name) in application_rows {
        named.insert(key.0, Named::Subject(Subject { kind: SubjectKind::Application, id: key.0, name }));
    }
    let users = active_users(unit, tenant, &keys)?;
    named.extend(users.into_iter().map(|(key, user)| (key, Named::Subject(user))));
    Ok(named)
}

/// The living, active users of these ids.
pub fn active(unit: &mut Unit<'_>, tenant: TenantId, users: &[UserId]) -> Result<HashMap<Uuid, Subject>> {
    active_users(unit, tenant, &users.iter().map(|&user| id(user)).collect::<Vec<_>>())
}

fn active_users(unit: &mut Unit<'_>, tenant: TenantId, keys: &[Id]) -> Result<HashMap<Uuid, Subject>> {
    let rows: Vec<NameRow> = unit.query(|connection| {
        users::table
            .filter(users::tenant_id.eq(id(tenant)))
            .filter(users::id.eq_any(keys))
            .filter(users::active)
            .filter(users::deleted_at.is_null())
            .select((users::id, users::username))
            .load(connection)
    })?;
    let subject = |(id, name): NameRow| (id.0, Subject { kind: SubjectKind::User, id: id.0, name });
    Ok(rows.into_iter().map(subject).collect())
}
