//! `/v1/users`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use domain::Secret;
use domain::id::UserId;
use error_codes::{IDENTITY, Result, ide};
use identity::user::{NewUser, RawNewUser, RawUserChange, UserChange};
use serde::Serialize;
use service_kit::http::{Caller, Context, HttpResult, JsonBody, ListQuery, path_value};
use utoipa::ToSchema;

use super::{PageParameters, origin};
use crate::app::App;
use crate::app::users::UserView;

/// The most groups in one request.
const MOST_GROUPS: usize = 1_000;
/// Members that a user has and that no update can change.
const UNMODIFIABLE: [&str; 5] = ["id", "username", "password", "emailVerified", "phoneVerified"];

/// A person who logs in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserResponse {
    #[schema(format = "uuid")]
    id: String,
    first_name: String,
    last_name: String,
    username: String,
    email: String,
    /// The ids of the groups that the user is in now.
    #[schema(example = json!(["midaz-viewer-group"]))]
    groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "+5511987654321")]
    phone_number: Option<String>,
    email_verified: bool,
    phone_verified: bool,
    /// Whether the user may log in.
    active: bool,
}

/// A user to be made.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct UserInput {
    #[schema(example = "Ana", max_length = 255)]
    first_name: String,
    #[schema(example = "Souza", max_length = 255)]
    last_name: String,
    /// For ever, and never given to anybody else.
    #[schema(example = "ana.souza", min_length = 3, max_length = 255)]
    username: String,
    #[schema(example = "ana@example.com", max_length = 255)]
    email: String,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 255)]
    password: Secret<String>,
    /// The ids of groups to be put into.
    groups: Option<Vec<String>>,
    /// In the form of E.164.
    #[schema(example = "+5511987654321")]
    phone_number: Option<String>,
}

/// What is to change about a user; what is absent stays.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct UserUpdateInput {
    #[schema(max_length = 255)]
    first_name: Option<String>,
    #[schema(max_length = 255)]
    last_name: Option<String>,
    #[schema(max_length = 255)]
    email: Option<String>,
    /// All groups from now on, not those to be added.
    groups: Option<Vec<String>>,
    /// In the form of E.164; `null` takes the number away.
    #[schema(value_type = Option<String>)]
    phone_number: Option<Option<String>>,
    /// `false` locks the user out and ends all their tokens.
    active: Option<bool>,
}

/// List Users
///
/// Needs `users:get`.
#[utoipa::path(
    path = "/v1/users",
    tag = "Users API",
    params(PageParameters),
    responses(
        (status = 200, description = "The users in the order they were made; with a paging parameter inside an object with `items`, `page`, `limit`, `total` and `nextCursor`", body = Vec<UserResponse>),
        (status = 400, description = "IDE-0005"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/users")]
pub(super) async fn list_users(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "users", "get", &origin(context)).await?;
    let query = ListQuery::parse(request.query_string(), &IDENTITY)?;
    let listed = app.list_users(acting.tenant, query.page.clone()).await?;
    Ok(query.answer(&request, listed.map(UserResponse::of)))
}

/// Create a User
///
/// Needs `users:post`, and every permission of the groups.
#[utoipa::path(
    path = "/v1/users",
    tag = "Users API",
    request_body = UserInput,
    responses(
        (status = 201, description = "The user", body = UserResponse),
        (status = 400, description = "IDE-0001, IDE-0002, IDE-0004, IDE-0007, IDE-0020, IDE-0027"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1006: a group does not exist"),
        (status = 409, description = "IDE-1007, IDE-1008"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[post("/users")]
pub(super) async fn create_user(app: web::Data<App>, caller: Caller, context: Context, body: JsonBody) -> HttpResult {
    let acting = app.permit(&caller.token, "users", "post", &origin(context)).await?;
    let input = UserInput::read(body)?;
    let made = app.create_user(acting, input.parse()?, &input.password).await?;
    Ok(HttpResponse::Created().json(UserResponse::of(made)))
}

/// Retrieve User details
///
/// Needs `users:get`.
#[utoipa::path(
    path = "/v1/users/{id}",
    tag = "Users API",
    params(("id" = String, Path, description = "The id of a user")),
    responses(
        (status = 200, description = "The user", body = UserResponse),
        (status = 400, description = "IDE-0003"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1003"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/users/{id}")]
pub(super) async fn read_user(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "users", "get", &origin(context)).await?;
    let id = path_value::<UserId>(&request, "id", &IDENTITY)?;
    let found = app.read_user(acting.tenant, id).await?;
    Ok(HttpResponse::Ok().json(UserResponse::of(found)))
}

/// Update a User
///
/// Needs `users:patch`; for anything but names also every permission that the user has or would get.
#[utoipa::path(
    path = "/v1/users/{id}",
    tag = "Users API",
    params(("id" = String, Path, description = "The id of a user")),
    request_body = UserUpdateInput,
    responses(
        (status = 200, description = "The whole user", body = UserResponse),
        (status = 400, description = "IDE-0002, IDE-0003, IDE-0004, IDE-0007, IDE-0010"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1003; IDE-1006: a group does not exist"),
        (status = 409, description = "IDE-1008, IDE-1016"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[patch("/users/{id}")]
pub(super) async fn update_user(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
    body: JsonBody,
) -> HttpResult {
    let acting = app.permit(&caller.token, "users", "patch", &origin(context)).await?;
    let id = path_value::<UserId>(&request, "id", &IDENTITY)?;
    let change = UserUpdateInput::read(body)?.parse()?;
    let changed = app.update_user(acting, id, change).await?;
    Ok(HttpResponse::Ok().json(UserResponse::of(changed)))
}

/// Delete a User
///
/// Needs `users:delete`, and every permission that the user has. All tokens of the user are refused from now on, and the
/// username is never given again.
#[utoipa::path(
    path = "/v1/users/{id}",
    tag = "Users API",
    params(("id" = String, Path, description = "The id of a user")),
    responses(
        (status = 204, description = "The user is deleted"),
        (status = 400, description = "IDE-0003"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1003"),
        (status = 409, description = "IDE-1016"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[delete("/users/{id}")]
pub(super) async fn delete_user(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "users", "delete", &origin(context)).await?;
    let id = path_value::<UserId>(&request, "id", &IDENTITY)?;
    app.delete_user(acting, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl UserResponse {
    fn of(UserView { user, groups }: UserView) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.to_string(),
            email: user.email.as_str().to_owned(),
            groups: groups.iter().map(ToString::to_string).collect(),
            phone_number: user.phone.map(|phone| phone.as_str().to_owned()),
            email_verified: user.email_verified,
            phone_verified: user.phone_verified,
            active: user.active,
            first_name: user.first_name,
            last_name: user.last_name,
        }
    }
}

impl UserInput {
    fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        let input = Self {
            first_name: members.required("firstName"),
            last_name: members.required("lastName"),
            username: members.required("username"),
            email: members.required("email"),
            password: Secret::new(members.required("password")),
            groups: members.optional_list("groups", MOST_GROUPS),
            phone_number: members.optional("phoneNumber"),
        };
        members.finish()?;
        Ok(input)
    }

    fn parse(&self) -> Result<NewUser> {
        NewUser::parse(&RawNewUser {
            first_name: &self.first_name,
            last_name: &self.last_name,
            username: &self.username,
            email: &self.email,
            phone_number: self.phone_number.as_deref(),
            groups: self.groups.iter().flatten().map(String::as_str).collect(),
        })
    }
}

impl UserUpdateInput {
    fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        for name in UNMODIFIABLE {
            if members.take(name).is_some() {
                members.refuse_as(ide::UNMODIFIABLE_FIELD, name, "cannot be changed here");
            }
        }
        let names_phone_number = members.contains("phoneNumber");
        let input = Self {
            first_name: members.optional("firstName"),
            last_name: members.optional("lastName"),
            email: members.optional("email"),
            groups: members.optional_list("groups", MOST_GROUPS),
            phone_number: Some(members.optional("phoneNumber")).filter(|_| names_phone_number),
            active: members.optional_bool("active"),
        };
        members.finish()?;
        Ok(input)
    }

    fn parse(&self) -> Result<UserChange> {
        UserChange::parse(&RawUserChange {
            first_name: self.first_name.as_deref(),
            last_name: self.last_name.as_deref(),
            email: self.email.as_deref(),
            phone_number: self.phone_number.as_ref().map(Option::as_deref),
            active: self.active,
            groups: self.groups.as_ref().map(|groups| groups.iter().map(String::as_str).collect()),
        })
    }
}
