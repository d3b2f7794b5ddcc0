//! The HTTP edge of identity: people, groups and software, in the Access Manager dialect.

mod applications;
mod audit;
mod declarations;
mod explain;
mod grants;
mod group_members;
mod groups;
mod optional_body;
mod passwords;
mod query;
mod roles;
mod secrets;
mod tenants;
mod users;

use std::sync::Arc;

use actix_web::web;
use service_kit::http::Context;
use utoipa::openapi::OpenApi as Document;
use utoipa::{IntoParams, OpenApi};

pub(crate) use self::tenants::{made_tenant_body, tenant_body};
use crate::app::{App, Origin};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gatehouse Identity",
        description = "People, groups and software, and what they may do. Every operation needs a permission of the \
                       product `plugin-identity`, which its description names. Nobody acts above themselves: whoever \
                       acts on somebody must hold every permission that they have or would get. Every operation also \
                       exists under `/t/{tenant}`, which names the tenant."
    ),
    paths(
        groups::list_groups,
        groups::create_group,
        groups::read_group,
        groups::rename_group,
        groups::delete_group,
        grants::read_group_permissions,
        grants::set_group_permissions,
        grants::give_group_role,
        grants::take_group_role,
        group_members::add_group_member,
        group_members::remove_group_member,
        roles::list_roles,
        roles::create_role,
        roles::read_role,
        roles::rename_role,
        roles::delete_role,
        grants::read_role_permissions,
        grants::set_role_permissions,
        explain::explain_permission,
        explain::list_permission_holders,
        audit::list_audit,
        audit::export_audit,
        applications::list_applications,
        applications::create_application,
        applications::read_application,
        applications::delete_application,
        declarations::read_declaration,
        declarations::publish_declaration,
        secrets::add_application_secret,
        secrets::withdraw_application_secret,
        grants::read_application_permissions,
        grants::set_application_permissions,
        grants::give_application_role,
        grants::take_application_role,
        explain::read_application_effective_permissions,
        users::list_users,
        users::create_user,
        users::read_user,
        users::update_user,
        users::delete_user,
        passwords::reset_password,
        passwords::update_password,
        grants::read_user_permissions,
        grants::set_user_permissions,
        grants::give_user_role,
        grants::take_user_role,
        explain::read_user_effective_permissions,
        tenants::list_tenants,
        tenants::create_tenant,
        tenants::read_tenant,
        tenants::update_tenant,
        tenants::delete_tenant,
    ),
    tags(
        (name = "Groups API", description = "What people are put into to get permissions"),
        (name = "Roles API", description = "Named sets of permissions that groups, people and software are given"),
        (name = "Permissions API", description = "Who may do what, and why"),
        (name = "Applications API", description = "Software that authenticates for itself"),
        (name = "Declarations API", description = "What products declare of themselves: who may do what in them"),
        (name = "Users API", description = "People who log in"),
        (name = "Audit API", description = "Who did what to whom, from where, and how it ended"),
        (name = "Tenants API", description = "The tenants of the platform; for administrators of the system tenant alone"),
    )
)]
struct Api;

/// Which part of a list is asked for. Without any of these the answer is a bare array of at most 1000 rows, with
/// `X-Total-Count` and, where the list goes on, `Link: rel="next"`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query; the edge reads it strictly")]
struct PageParameters {
    /// The number of the page, counted from 1; `page` × `limit` goes up to 10,000.
    #[param(minimum = 1)]
    page: Option<u32>,
    /// Rows at most; 10 when only another parameter is sent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// The `nextCursor` of the page before; not together with `page`.
    cursor: Option<String>,
}

/// Routes on which nobody is counted: none but those that every service has.
pub const UNLIMITED: &[&str] = &[];

/// The API document.
pub fn document() -> Document {
    let mut document = Api::openapi();
    service_kit::http::describe(&mut document);
    document
}

/// The routes over an application.
pub fn routes(app: Arc<App>) -> impl Fn(&mut web::ServiceConfig) + Send + Clone + 'static {
    let app = web::Data::from(app);
    move |config| {
        config.app_data(app.clone());
        for prefix in ["/v1", "/t/{tenant}/v1"] {
            config.service(
                web::scope(prefix)
                    .service(groups::list_groups)
                    .service(groups::create_group)
                    .service(groups::read_group)
                    .service(groups::rename_group)
                    .service(groups::delete_group)
                    .service(grants::read_group_permissions)
                    .service(grants::set_group_permissions)
                    .service(grants::give_group_role)
                    .service(grants::take_group_role)
                    .service(group_members::add_group_member)
                    .service(group_members::remove_group_member)
                    .service(roles::list_roles)
                    .service(roles::create_role)
                    .service(roles::read_role)
                    .service(roles::rename_role)
                    .service(roles::delete_role)
                    .service(grants::read_role_permissions)
                    .service(grants::set_role_permissions)
                    .service(explain::explain_permission)
                    .service(explain::list_permission_holders)
                    .service(audit::list_audit)
                    .service(audit::export_audit)
                    .service(applications::list_applications)
                    .service(applications::create_application)
                    .service(applications::read_application)
                    .service(applications::delete_application)
                    .service(declarations::read_declaration)
                    .service(declarations::publish_declaration)
                    .service(secrets::add_application_secret)
                    .service(secrets::withdraw_application_secret)
                    .service(grants::read_application_permissions)
                    .service(grants::set_application_permissions)
                    .service(grants::give_application_role)
                    .service(grants::take_application_role)
                    .service(explain::read_application_effective_permissions)
                    .service(users::list_users)
                    .service(users::create_user)
                    .service(users::read_user)
                    .service(users::update_user)
                    .service(users::delete_user)
                    .service(passwords::reset_password)
                    .service(passwords::update_password)
                    .service(grants::read_user_permissions)
                    .service(grants::set_user_permissions)
                    .service(grants::give_user_role)
                    .service(grants::take_user_role)
                    .service(explain::read_user_effective_permissions)
                    .service(tenants::list_tenants)
                    .service(tenants::create_tenant)
                    .service(tenants::read_tenant)
                    .service(tenants::update_tenant)
                    .service(tenants::delete_tenant)
                    .default_service(web::to(service_kit::http::not_found)),
            );
        }
    }
}

/// Where a request comes from.
fn origin(context: Context) -> Origin {
    Origin { address: context.address, request_id: context.request_id }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn every_operation_asks_for_a_token_and_has_a_name_of_its_own() {
        let document = serde_json::to_value(document()).unwrap();
        let paths = document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/v1/"));
        let operations: Vec<&Value> = paths.flat_map(|(_, item)| item.as_object().unwrap().values()).collect();
        let names: HashSet<_> = operations.iter().map(|operation| operation["operationId"].as_str().unwrap()).collect();
        assert_eq!((operations.len(), names.len()), (52, 52));
        for operation in operations {
            assert_eq!(operation["security"], serde_json::json!([{ "bearer": [] }]), "{operation}");
            assert!(operation["responses"]["401"].is_object(), "{operation}");
        }
    }
}
