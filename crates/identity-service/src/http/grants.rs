//! `/v1/…/{id}/permissions` of roles, groups, users and applications, and `/v1/…/{id}/roles/{roleId}` of all but roles.

use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use domain::id::{ApplicationId, UserId};
use error_codes::IDENTITY;
use service_kit::http::{Caller, Context, HttpFailure, HttpResult, JsonBody, path_value};

pub(super) use self::body::{BoundsInput, bounds_of};
use self::body::{GrantsResponse, PermissionsInput};
use super::groups::group_of_path;
use super::optional_body::OptionalBody;
use super::origin;
use super::roles::role_of_path;
use crate::app::App;
use crate::app::grants::HolderName;

mod body;

/// The operations on what one kind of holder is granted, each documented for itself.
///
/// `needs` names the action on `resource` that the caller must hold; `malformed`, `forbidden` and `absent` the codes that
/// answers may have.
macro_rules! operations {
    (
        tag $tag:tt, id $id:tt, holder $holder:path, resource $resource:tt, absent $absent:tt;
        $(#[$($read_doc:tt)*])*
        read $read:ident, $read_route:tt, $read_path:tt, needs $read_action:tt
            $(, malformed $read_malformed:tt)?;
        $(#[$($set_doc:tt)*])*
        set $set:ident, $set_route:tt, $set_path:tt, needs $set_action:tt, malformed $set_malformed:tt,
            forbidden $forbidden:tt;
        $(
            $(#[$($give_doc:tt)*])*
            give $give:ident, $give_route:tt, $give_path:tt, needs $give_action:tt, malformed $give_malformed:tt,
                absent $give_absent:tt;
            $(#[$($take_doc:tt)*])*
            take $take:ident, $take_route:tt, $take_path:tt, needs $take_action:tt
                $(, malformed $take_malformed:tt)?;
        )?
    ) => {
        $(#[$($read_doc)*])*
        #[utoipa::path(
            path = $read_path,
            tag = $tag,
            params(("id" = String, Path, description = $id)),
            responses(
                (status = 200, description = "What it was granted", body = GrantsResponse),
                $((status = 400, description = $read_malformed),)?
                (status = 401, description = "IDE-0008, IDE-0009"),
                (status = 403, description = "IDE-0023"),
                (status = 404, description = $absent),
                (status = 503, description = "IDE-0022"),
            ),
            security(("bearer" = []))
        )]
        #[get($read_route)]
        pub(super) async fn $read(
            app: web::Data<App>,
            caller: Caller,
            context: Context,
            request: HttpRequest,
        ) -> HttpResult {
            let acting = app.permit(&caller.token, $resource, $read_action, &origin(context)).await?;
            let found = app.read_grants(acting.tenant, $holder(&request)?).await?;
            Ok(HttpResponse::Ok().json(GrantsResponse::of(found)))
        }

        $(#[$($set_doc)*])*
        #[utoipa::path(
            path = $set_path,
            tag = $tag,
            params(("id" = String, Path, description = $id)),
            request_body = PermissionsInput,
            responses(
                (status = 200, description = "What it is granted now", body = GrantsResponse),
                (status = 400, description = $set_malformed),
                (status = 401, description = "IDE-0008, IDE-0009"),
                (status = 403, description = $forbidden),
                (status = 404, description = $absent),
                (status = 413, description = "IDE-0026"),
                (status = 503, description = "IDE-0022"),
            ),
            security(("bearer" = []))
        )]
        #[put($set_route)]
        pub(super) async fn $set(
            app: web::Data<App>,
            caller: Caller,
            context: Context,
            request: HttpRequest,
            body: JsonBody,
        ) -> HttpResult {
            let acting = app.permit(&caller.token, $resource, $set_action, &origin(context)).await?;
            let wanted = PermissionsInput::read(body)?;
            let now = app.set_permissions(acting, $holder(&request)?, wanted).await?;
            Ok(HttpResponse::Ok().json(GrantsResponse::of(now)))
        }

        $(
            $(#[$($give_doc)*])*
            #[utoipa::path(
                path = $give_path,
                tag = $tag,
                params(("id" = String, Path, description = $id), ("roleId" = String, Path, description = "The id of a role")),
                request_body = Option<BoundsInput>,
                responses(
                    (status = 200, description = "What it is granted now", body = GrantsResponse),
                    (status = 400, description = $give_malformed),
                    (status = 401, description = "IDE-0008, IDE-0009"),
                    (status = 403, description = $forbidden),
                    (status = 404, description = $give_absent),
                    (status = 413, description = "IDE-0026"),
                    (status = 503, description = "IDE-0022"),
                ),
                security(("bearer" = []))
            )]
            #[put($give_route)]
            pub(super) async fn $give(
                app: web::Data<App>,
                caller: Caller,
                context: Context,
                request: HttpRequest,
                body: OptionalBody,
            ) -> HttpResult {
                let acting = app.permit(&caller.token, $resource, $give_action, &origin(context)).await?;
                let validity = BoundsInput::read(body)?;
                let (holder, role) = ($holder(&request)?, role_of_path(&request, "roleId")?);
                let now = app.give_role(acting, holder, role, validity).await?;
                Ok(HttpResponse::Ok().json(GrantsResponse::of(now)))
            }

            $(#[$($take_doc)*])*
            #[utoipa::path(
                path = $take_path,
                tag = $tag,
                params(("id" = String, Path, description = $id), ("roleId" = String, Path, description = "The id of a role")),
                responses(
                    (status = 204, description = "It does not have the role"),
                    $((status = 400, description = $take_malformed),)?
                    (status = 401, description = "IDE-0008, IDE-0009"),
                    (status = 403, description = $forbidden),
                    (status = 404, description = $give_absent),
                    (status = 503, description = "IDE-0022"),
                ),
                security(("bearer" = []))
            )]
            #[delete($take_route)]
            pub(super) async fn $take(
                app: web::Data<App>,
                caller: Caller,
                context: Context,
                request: HttpRequest,
            ) -> HttpResult {
                let acting = app.permit(&caller.token, $resource, $take_action, &origin(context)).await?;
                let (holder, role) = ($holder(&request)?, role_of_path(&request, "roleId")?);
                app.take_role(acting, holder, role).await?;
                Ok(HttpResponse::NoContent().finish())
            }
        )?
    };
}

operations! {
    tag "Roles API", id "The id of a role", holder role, resource "roles", absent "IDE-1021";

    /// Retrieve the permissions of a Role
    ///
    /// Needs `roles:get`.
    read read_role_permissions, "/roles/{id}/permissions", "/v1/roles/{id}/permissions", needs "get";

    /// Set the permissions of a Role
    ///
    /// Needs `roles:put`, and every permission that the role gives or would give. Whoever has the role has them at once.
    set set_role_permissions, "/roles/{id}/permissions", "/v1/roles/{id}/permissions", needs "put",
        malformed "IDE-0001, IDE-0002, IDE-0004, IDE-0007", forbidden "IDE-0023, IDE-1014";
}

operations! {
    tag "Groups API", id "The id of a group", holder group, resource "groups", absent "IDE-1006";

    /// Retrieve the permissions of a Group
    ///
    /// Needs `groups:get`.
    read read_group_permissions, "/groups/{id}/permissions", "/v1/groups/{id}/permissions", needs "get";

    /// Set the permissions of a Group
    ///
    /// Needs `groups:put`, and every permission that the group gives or would give. Its roles stay.
    set set_group_permissions, "/groups/{id}/permissions", "/v1/groups/{id}/permissions", needs "put",
        malformed "IDE-0001, IDE-0002, IDE-0004, IDE-0007", forbidden "IDE-0023, IDE-1014";

    /// Give a Role to a Group
    ///
    /// Needs `groups:put`, and every permission that the group gives or would give. A role that it has gets these bounds.
    give give_group_role, "/groups/{id}/roles/{roleId}", "/v1/groups/{id}/roles/{roleId}", needs "put",
        malformed "IDE-0002, IDE-0004, IDE-0007", absent "IDE-1006, IDE-1021";

    /// Take a Role from a Group
    ///
    /// Needs `groups:delete`, and every permission that the group gives.
    take take_group_role, "/groups/{id}/roles/{roleId}", "/v1/groups/{id}/roles/{roleId}", needs "delete";
}

operations! {
    tag "Users API", id "The id of a user", holder user, resource "users", absent "IDE-1003";

    /// Retrieve the permissions of a User
    ///
    /// Needs `users:get`. What the user was granted in person; what groups give is not in it.
    read read_user_permissions, "/users/{id}/permissions", "/v1/users/{id}/permissions", needs "get",
        malformed "IDE-0003";

    /// Set the permissions of a User
    ///
    /// Needs `users:patch`, and every permission that the user has or would get. Roles and groups stay.
    set set_user_permissions, "/users/{id}/permissions", "/v1/users/{id}/permissions", needs "patch",
        malformed "IDE-0001, IDE-0002, IDE-0003, IDE-0004, IDE-0007", forbidden "IDE-0023";

    /// Give a Role to a User
    ///
    /// Needs `users:patch`, and every permission that the user has or would get. A role that the user has gets these bounds.
    give give_user_role, "/users/{id}/roles/{roleId}", "/v1/users/{id}/roles/{roleId}", needs "patch",
        malformed "IDE-0002, IDE-0003, IDE-0004, IDE-0007", absent "IDE-1003, IDE-1021";

    /// Take a Role from a User
    ///
    /// Needs `users:patch`, and every permission that the user has.
    take take_user_role, "/users/{id}/roles/{roleId}", "/v1/users/{id}/roles/{roleId}", needs "patch",
        malformed "IDE-0003";
}

operations! {
    tag "Applications API", id "The id of an application", holder application, resource "applications",
        absent "IDE-1001";

    /// Retrieve the permissions of an Application
    ///
    /// Needs `applications:get`. What the application was granted itself; that it acts as the editor of its product is
    /// not in it.
    read read_application_permissions, "/applications/{id}/permissions", "/v1/applications/{id}/permissions",
        needs "get", malformed "IDE-0003";

    /// Set the permissions of an Application
    ///
    /// Needs `applications:post`, and every permission that the application has or would get. Its roles stay.
    set set_application_permissions, "/applications/{id}/permissions", "/v1/applications/{id}/permissions",
        needs "post", malformed "IDE-0001, IDE-0002, IDE-0003, IDE-0004, IDE-0007", forbidden "IDE-0023, IDE-1014";

    /// Give a Role to an Application
    ///
    /// Needs `applications:post`, and every permission that the application has or would get. A role that it has gets these
    /// bounds.
    give give_application_role, "/applications/{id}/roles/{roleId}", "/v1/applications/{id}/roles/{roleId}",
        needs "post", malformed "IDE-0002, IDE-0003, IDE-0004, IDE-0007", absent "IDE-1001, IDE-1021";

    /// Take a Role from an Application
    ///
    /// Needs `applications:post`, and every permission that the application has.
    take take_application_role, "/applications/{id}/roles/{roleId}", "/v1/applications/{id}/roles/{roleId}",
        needs "post", malformed "IDE-0003";
}

fn role(request: &HttpRequest) -> Result<HolderName, HttpFailure> {
    Ok(HolderName::Role(role_of_path(request, "id")?))
}

fn group(request: &HttpRequest) -> Result<HolderName, HttpFailure> {
    Ok(HolderName::Group(group_of_path(request)?))
}

fn user(request: &HttpRequest) -> Result<HolderName, HttpFailure> {
    Ok(HolderName::User(path_value::<UserId>(request, "id", &IDENTITY)?))
}

fn application(request: &HttpRequest) -> Result<HolderName, HttpFailure> {
    Ok(HolderName::Application(path_value::<ApplicationId>(request, "id", &IDENTITY)?))
}
