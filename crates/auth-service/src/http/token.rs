//! `POST /v1/login/oauth/access_token` and `POST /v1/login/oauth/refresh_token`.

use ::auth::{Door, GrantType};
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, PRAGMA};
use actix_web::{HttpResponse, post, web};
use domain::Secret;
use domain::scope::Scopes;
use error_codes::{Failure, Result, aut};
use serde::Serialize;
use service_kit::http::{Context, HttpResult, JsonBody};
use utoipa::ToSchema;

use super::origin;
use crate::app::App;
use crate::app::grants::{Presented, TokenRequest};
use crate::app::identity::ClientCredentials;
use crate::app::tokens::TokenAnswer;

/// A token request. Which members are needed depends on `grantType`: `username` and `password` for `password`,
/// `clientId` and `clientSecret` for `client_credentials`, `refreshToken` for `refresh_token`.
#[derive(Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
struct RequestAccessTokenInput {
    /// `password`, `client_credentials` or `refresh_token`.
    #[schema(required = true, example = "password")]
    grant_type: Option<String>,
    #[schema(example = "admin")]
    username: Option<String>,
    #[schema(format = Password)]
    password: Option<String>,
    /// With `password` only where people log in through an application of their own; may be empty.
    client_id: Option<String>,
    #[schema(format = Password)]
    client_secret: Option<String>,
    refresh_token: Option<String>,
    /// Scope names separated by spaces; absent for everything the grant gives.
    scope: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
}

/// Asks for tokens again with a refresh token.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
struct RefreshTokenInput {
    refresh_token: String,
    /// Fewer scopes than were granted; absent for the same.
    scope: Option<String>,
}

/// The tokens of one answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OAuth2Token)]
struct TokenBody {
    /// A JWT, to be sent as `Authorization: Bearer`.
    access_token: String,
    /// A JWT about the login, for the client itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Life of the access token, in seconds.
    #[schema(example = 3600)]
    expires_in: i64,
    /// For `POST /v1/login/oauth/refresh_token`; empty where none was given.
    refresh_token: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "openid profile email")]
    scope: String,
}

/// Request an Access Token
#[utoipa::path(
    path = "/v1/login/oauth/access_token",
    tag = "Authentication API",
    request_body = RequestAccessTokenInput,
    responses(
        (status = 200, description = "Tokens", body = TokenBody),
        (status = 400, description = "AUT-0001, AUT-0003, AUT-0009, AUT-0013, AUT-0014, AUT-1001, AUT-1005"),
        (status = 401, description = "AUT-1002, AUT-1004"),
        (status = 429, description = "AUT-0015"),
        (status = 503, description = "AUT-0016"),
    ),
    security(())
)]
#[post("/login/oauth/access_token")]
pub(super) async fn access_token(app: web::Data<App>, context: Context, body: JsonBody) -> HttpResult {
    let input = RequestAccessTokenInput::read(body)?;
    let (grant, client, scopes) = input.parse()?;
    let request = TokenRequest { door: Door::AccessManager, client, grant, scopes, origin: origin(context) };
    Ok(render(app.issue(request).await?))
}

/// Refresh the Access Token
#[utoipa::path(
    path = "/v1/login/oauth/refresh_token",
    tag = "Authentication API",
    request_body = RefreshTokenInput,
    responses(
        (status = 200, description = "Tokens", body = TokenBody),
        (status = 400, description = "AUT-0001, AUT-0003, AUT-0009, AUT-1005"),
        (status = 503, description = "AUT-0016"),
    ),
    security(())
)]
#[post("/login/oauth/refresh_token")]
pub(super) async fn refresh_token(app: web::Data<App>, context: Context, body: JsonBody) -> HttpResult {
    let input = RefreshTokenInput::read(body)?;
    let request = TokenRequest {
        door: Door::AccessManager,
        client: None,
        grant: Presented::RefreshToken(Secret::new(input.refresh_token)),
        scopes: scopes(input.scope.as_deref())?,
        origin: origin(context),
    };
    Ok(render(app.issue(request).await?))
}

impl RequestAccessTokenInput {
    /// Unknown members and wrong types come before everything else.
    fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        let input = Self {
            grant_type: members.optional("grantType"),
            username: members.optional("username"),
            password: members.optional("password"),
            client_id: members.optional("clientId"),
            client_secret: members.optional("clientSecret"),
            refresh_token: members.optional("refreshToken"),
            scope: members.optional("scope"),
            code: members.optional("code"),
            redirect_uri: members.optional("redirectUri"),
        };
        members.finish()?;
        Ok(input)
    }

    /// Then the grant, then what it needs.
    fn parse(self) -> Result<(Presented, Option<ClientCredentials>, Option<Scopes>)> {
        let name = self.grant_type.as_deref().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Failure::new(aut::MISSING_FIELDS).with_field("grantType", "is required"))?;
        let grant = GrantType::parse(name).ok_or(aut::INVALID_GRANT_TYPE)?;
        self.require(grant)?;
        let scopes = scopes(self.scope.as_deref())?;
        let client = client(self.client_id, self.client_secret);
        let presented = match grant {
            GrantType::Password => Presented::Password {
                username: self.username.unwrap_or_default(),
                password: Secret::new(self.password.unwrap_or_default()),
            },
            GrantType::ClientCredentials => Presented::ClientCredentials,
            GrantType::RefreshToken => Presented::RefreshToken(Secret::new(self.refresh_token.unwrap_or_default())),
            GrantType::AuthorizationCode => Presented::AuthorizationCode,
        };
        Ok((presented, client, scopes))
    }

    fn require(&self, grant: GrantType) -> Result<()> {
        let sent = |member: &str| match member {
            "username" => &self.username,
            "password" => &self.password,
            "clientId" => &self.client_id,
            "clientSecret" => &self.client_secret,
            "refreshToken" => &self.refresh_token,
            "code" => &self.code,
            "redirectUri" => &self.redirect_uri,
            _ => &None,
        };
        let is_missing = |member: &&&str| sent(member).as_deref().is_none_or(str::is_empty);
        let missing: Vec<_> = grant.needed_members().iter().filter(is_missing).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let failure = Failure::new(aut::GRANT_FIELDS_MISSING);
        Err(missing.into_iter().fold(failure, |failure, member| failure.with_field(*member, "is required")))
    }
}

impl RefreshTokenInput {
    fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        let input = Self { refresh_token: members.required("refreshToken"), scope: members.optional("scope") };
        members.finish()?;
        Ok(input)
    }
}

/// Consoles send empty credentials with a person's login; only a named client is one.
fn client(id: Option<String>, secret: Option<String>) -> Option<ClientCredentials> {
    let id = id.filter(|id| !id.is_empty());
    let secret = secret.filter(|secret| !secret.is_empty());
    if id.is_none() && secret.is_none() {
        return None;
    }
    Some(ClientCredentials { id: id.unwrap_or_default(), secret: Secret::new(secret.unwrap_or_default()) })
}

fn scopes(text: Option<&str>) -> Result<Option<Scopes>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let parsed = Scopes::parse(text);
    parsed.map(Some).map_err(|reason| Failure::new(aut::BAD_REQUEST).with_field("scope", reason.to_string()))
}

/// Tokens are not for caches (RFC 6749 §5.1).
fn render(answer: TokenAnswer) -> HttpResponse {
    let text = |secret: Secret<String>| secret.expose().clone();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((PRAGMA, HeaderValue::from_static("no-cache")))
        .json(TokenBody {
            access_token: text(answer.access_token),
            id_token: answer.id_token.map(text),
            token_type: "Bearer",
            expires_in: answer.expires_in,
            refresh_token: answer.refresh_token.map(text).unwrap_or_default(),
            scope: answer.scope,
        })
}
