//! What leads to permissions: the ways from subjects through groups and roles to what was granted.

use std::collections::BTreeSet;

use diesel::prelude::*;
use domain::Slug;
use domain::id::{GroupId, TenantId, UserId};
use domain::permission::Permission;
use domain::product::editor_role;
use error_codes::Result;
use identity::application::Application;
use identity::grant::{Holder, Link, PermissionGrant, RoleGrant, reaches, through_roles};
use identity::membership::Reach;
use identity::role;
use store::Unit;
use store::sql::{Id, id};

use crate::roles;
use crate::rows::{Span, validity};
use crate::schema::{group_members, groups, permission_grants, role_grants, roles as role_rows};

/// Every way in which a permission reaches a user, also those whose time is over or has not come, in three queries.
///
/// Turn it into a set with [`held`](identity::membership::held) or [`unended`](identity::membership::unended). It does
/// not ask whether the user lives or is locked.
pub fn of_user(unit: &mut Unit<'_>, tenant: TenantId, user: UserId) -> Result<Vec<Reach>> {
    let mut links = vec![Link::own(Holder::User(user))];
    links.extend(memberships(unit, tenant, user)?);
    let mut found = of_links(unit, tenant, links)?;
    found.push(Reach::always(role::everyone()));
    Ok(found)
}

/// Every way in which a permission reaches an application: granted to it, or as the editor of its product.
pub fn of_application(unit: &mut Unit<'_>, application: &Application) -> Result<Vec<Reach>> {
    let tenant = application.tenant;
    let mut links = vec![Link::own(Holder::Application(application.id))];
    if let Some(product) = &application.product {
        // A product whose name is too long for a role has none, and so has a tenant that never heard of it.
        let editor = match Slug::parse(&editor_role(product)) {
            Ok(slug) => roles::find(unit, tenant, &slug)?,
            Err(_) => None,
        };
        links.extend(editor.map(|role| Link::acting_as(role.id, role.slug)));
    }
    of_links(unit, tenant, links)
}

/// Every way in which a permission reaches whoever comes to hold what these hold: the members of groups, or who is given
/// roles.
pub fn of_holders(unit: &mut Unit<'_>, tenant: TenantId, holders: &[Holder]) -> Result<Vec<Reach>> {
    of_links(unit, tenant, holders.iter().map(|&holder| Link::own(holder)).collect())
}

fn memberships(unit: &mut Unit<'_>, tenant: TenantId, user: UserId) -> Result<Vec<Link>> {
    let rows: Vec<(Id, String, Span)> = unit.query(|connection| {
        group_members::table
            .inner_join(
                groups::table
                    .on(groups::tenant_id.eq(group_members::tenant_id).and(groups::id.eq(group_members::group_id))),
            )
            .filter(group_members::tenant_id.eq(id(tenant)))
            .filter(group_members::user_id.eq(id(user)))
            .select((group_members::group_id, groups::slug, (group_members::valid_from, group_members::valid_until)))
            .load(connection)
    })?;
    let link = |(group, slug, span): (Id, String, Span)| -> Result<Link> {
        let group: GroupId = group.of();
        let slug = Slug::parse(&slug).map_err(|_| unit.corrupt("groups", group))?;
        Ok(Link::membership(group, slug, validity(span)))
    };
    rows.into_iter().map(link).collect()
}

fn of_links(unit: &mut Unit<'_>, tenant: TenantId, mut links: Vec<Link>) -> Result<Vec<Reach>> {
    let given = given_roles(unit, tenant, &holders_of(&links))?;
    let roles = through_roles(&links, given);
    links.extend(roles);
    let granted = granted_permissions(unit, tenant, &holders_of(&links))?;
    Ok(reaches(&links, granted))
}

/// The keys of all holders, each once.
fn holders_of(links: &[Link]) -> Vec<Id> {
    let holders: BTreeSet<_> = links.iter().map(|link| link.holder).collect();
    holders.into_iter().map(Id).collect()
}

fn given_roles(unit: &mut Unit<'_>, tenant: TenantId, holders: &[Id]) -> Result<Vec<RoleGrant>> {
    let rows: Vec<(Id, Id, String, Option<String>, Span)> = unit.query(|connection| {
        role_grants::table
            .inner_join(
                role_rows::table
                    .on(role_rows::tenant_id.eq(role_grants::tenant_id).and(role_rows::id.eq(role_grants::role_id))),
            )
            .filter(role_grants::tenant_id.eq(id(tenant)))
            .filter(role_grants::holder_id.eq_any(holders))
            .select((
                role_grants::holder_id,
                role_grants::role_id,
                role_rows::slug,
                role_rows::declared_by,
                (role_grants::valid_from, role_grants::valid_until),
            ))
            .load(connection)
    })?;
    let grant = |(holder, role, slug, declared_by, span): (Id, Id, String, Option<String>, Span)| {
        let slug = Slug::parse(&slug).map_err(|_| unit.corrupt("roles", role.0))?;
        let declared = declared_by.is_some();
        Ok(RoleGrant { holder: holder.0, role: role.of(), slug, declared, validity: validity(span) })
    };
    rows.into_iter().map(grant).collect()
}

type PermissionRow = (Id, String, String, String, Span);

fn granted_permissions(unit: &mut Unit<'_>, tenant: TenantId, holders: &[Id]) -> Result<Vec<PermissionGrant>> {
    let rows: Vec<PermissionRow> = unit.query(|connection| {
        permission_grants::table
            .filter(permission_grants::tenant_id.eq(id(tenant)))
            .filter(permission_grants::holder_id.eq_any(holders))
            .select((
                permission_grants::holder_id,
                permission_grants::product,
                permission_grants::resource,
                permission_grants::action,
                (permission_grants::valid_from, permission_grants::valid_until),
            ))
            .load(connection)
    })?;
    let grant = |(holder, product, resource, action, span): PermissionRow| PermissionGrant {
        holder: holder.0,
        permission: Permission { product, resource, action },
        validity: validity(span),
    };
    Ok(rows.into_iter().map(grant).collect())
}
