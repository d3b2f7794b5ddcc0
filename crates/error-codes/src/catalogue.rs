//! The catalogue itself. A code enters with the first answer that uses it; until then its number stands in [`RESERVED`].

use std::fmt;

use crate::Kind;

/// One row of the catalogue.
#[derive(Debug)]
struct Row {
    number: &'static str,
    kind: Kind,
    title: &'static str,
    message: &'static str,
    oauth: Option<&'static str>,
    scim: Option<&'static str>,
}

/// A stable, published code such as `AUT-1002`.
#[derive(Clone, Copy)]
pub struct Code(&'static Row);

impl Code {
    /// The code as clients see it, such as `AUT-1002`.
    pub const fn number(self) -> &'static str {
        self.0.number
    }

    /// What sort of refusal it is, and with it both statuses.
    pub const fn kind(self) -> Kind {
        self.0.kind
    }

    /// A brief summary, the same for every answer with this code.
    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// What the caller can do next.
    pub const fn message(self) -> &'static str {
        self.0.message
    }

    /// Its name on OAuth surfaces (RFC 6749 §5.2, RFC 6750 §3.1), where it has one.
    pub const fn oauth(self) -> Option<&'static str> {
        self.0.oauth
    }

    /// Its `scimType` (RFC 7644 §3.12), where it has one.
    pub const fn scim(self) -> Option<&'static str> {
        self.0.scim
    }

    /// Finds a code by its number, as it comes back over gRPC.
    pub fn find(number: &str) -> Option<Self> {
        all().find(|code| code.number() == number)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.number() == other.number()
    }
}

impl Eq for Code {}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

/// Every code, in the order of its number.
pub fn all() -> impl Iterator<Item = Code> {
    aut::ALL.iter().chain(ide::ALL).copied()
}

/// Numbers that are spoken for by the contract and not used by any answer yet.
pub const RESERVED: &[&str] = &[
    "AUT-0008", "AUT-0010", "AUT-0011", "AUT-0012", "AUT-1003", "AUT-1006", "AUT-1007", "AUT-1008", "AUT-1009",
    "AUT-1010", "AUT-1011", "AUT-1012", "AUT-1013", "AUT-1014", "AUT-1016", "AUT-1017", "AUT-1018", "AUT-1019",
    "IDE-0011", "IDE-0014", "IDE-0015", "IDE-0016", "IDE-0017", "IDE-0018", "IDE-0019", "IDE-1002", "IDE-1004",
    "IDE-1005", "IDE-1010", "IDE-1011", "IDE-1012",
];

macro_rules! codes {
    ($(#[$module_doc:meta])* $module:ident {
        $($(#[$doc:meta])* $name:ident $number:literal $kind:ident $title:literal $message:literal
          $(oauth $oauth:literal)? $(scim $scim:literal)?;)*
    }) => {
        $(#[$module_doc])*
        pub mod $module {
            use super::{Code, Kind, Row};

            $($(#[$doc])*
            pub const $name: Code = Code(&Row {
                number: $number,
                kind: Kind::$kind,
                title: $title,
                message: $message,
                oauth: codes!(@name $($oauth)?),
                scim: codes!(@name $($scim)?),
            });)*

            pub(super) const ALL: &[Code] = &[$($name),*];
        }
    };
    (@name) => { None };
    (@name $name:literal) => { Some($name) };
}

codes! {
    /// The codes of auth-service.
    aut {
        /// A required member is absent.
        MISSING_FIELDS "AUT-0001" Malformed "Missing Fields in Request"
            "Your request is missing one or more required fields. Please refer to the documentation to ensure all necessary fields are included in your request."
            oauth "invalid_request";
        /// A part of the path is malformed.
        INVALID_PATH_PARAMETER "AUT-0002" Malformed "Invalid Path Parameter"
            "One or more path parameters are in an incorrect format. Check the parameters named in the fields object and try again.";
        /// Members nobody asked for.
        UNEXPECTED_FIELDS "AUT-0003" Malformed "Unexpected Fields in the Request"
            "The request body contains more fields than expected. Please send only the allowed fields as per the documentation. The unexpected fields are listed in the fields object."
            oauth "invalid_request";
        /// A query parameter is malformed or unknown.
        INVALID_QUERY_PARAMETER "AUT-0004" Malformed "Invalid Query Parameter"
            "One or more query parameters are unknown or in an incorrect format. Check the parameters named in the fields object and try again.";
        /// A fault of ours.
        INTERNAL "AUT-0005" Internal "Internal Server Error"
            "The server encountered an unexpected error. Please try again later or contact support."
            oauth "server_error";
        /// No token came with the request.
        TOKEN_MISSING "AUT-0006" Unauthenticated "Token Missing"
            "This request needs an access token. Send it in the Authorization header as 'Bearer <token>'.";
        /// The token is expired, revoked, forged or malformed.
        INVALID_TOKEN "AUT-0007" Unauthenticated "Invalid Token"
            "The token is expired, revoked or malformed. Request a new token and try again."
            oauth "invalid_token";
        /// The body cannot be read, or a member has the wrong type.
        BAD_REQUEST "AUT-0009" Malformed "Bad Request"
            "The server could not understand the request due to malformed syntax. Please check the listed fields and try again."
            oauth "invalid_request";
        /// The value of `grantType` is unknown.
        INVALID_GRANT_TYPE "AUT-0013" Malformed "Invalid Grant Type"
            "The provided 'grantType' is not valid. Accepted grant types are 'password', 'client_credentials', 'refresh_token', or others. Please provide a valid type."
            oauth "unsupported_grant_type";
        /// Members that this grant needs are absent.
        GRANT_FIELDS_MISSING "AUT-0014" Malformed "Grant Type Missing Fields"
            "The provided 'grant_type' is missing required fields. Please refer to the documentation for guidance."
            oauth "invalid_request";
        /// Too many failed tries.
        THROTTLED "AUT-0015" Throttled "Too Many Requests"
            "Too many requests or failed attempts. Wait for the time given in the Retry-After header and try again."
            oauth "temporarily_unavailable";
        /// A part that is needed does not answer.
        UNAVAILABLE "AUT-0016" Unavailable "Service Unavailable"
            "The service cannot answer at the moment. Wait for the time given in the Retry-After header and try again."
            oauth "temporarily_unavailable";
        /// The caller may not.
        FORBIDDEN "AUT-0017" Forbidden "Forbidden"
            "Your token does not permit this operation. Ask an administrator for the permission it needs."
            oauth "insufficient_scope";
        /// No such route.
        ROUTE_NOT_FOUND "AUT-0018" NotFound "Route Not Found"
            "No operation exists at this path. Check the path against the API page at /docs/.";
        /// The route does not know this method.
        METHOD_NOT_ALLOWED "AUT-0019" MethodNotAllowed "Method Not Allowed"
            "This path exists, but not with this method. Check the method against the API page at /docs/.";
        /// The body is over its bound.
        REQUEST_TOO_LARGE "AUT-0020" TooLarge "Request Too Large"
            "The request is larger than this operation accepts. Send a smaller one."
            oauth "invalid_request";
        /// The grant is known and not allowed for this application.
        UNSUPPORTED_GRANT_TYPE "AUT-1001" Malformed "Unsupported Grant Type"
            "The provided 'grantType' is not supported by this application. Please refer to the application's supported grant types."
            oauth "unauthorized_client";
        /// Wrong, unknown, disabled or locked: one code for all.
        INVALID_CREDENTIALS "AUT-1002" Unauthenticated "Invalid Username or Password"
            "The provided 'username' or 'password' is incorrect. Please verify the credentials and try again."
            oauth "invalid_grant";
        /// Unknown client or wrong secret.
        INVALID_CLIENT "AUT-1004" Unauthenticated "Invalid Client"
            "The provided 'clientId' or 'clientSecret' is incorrect. Please verify the credentials and try again."
            oauth "invalid_client";
        /// The refresh token is forged, spent, expired or revoked.
        INVALID_REFRESH_TOKEN "AUT-1005" Malformed "Invalid Refresh Token"
            "The refresh token is invalid, expired or revoked. Log in again to get a new one."
            oauth "invalid_grant";
        /// The question names a subject nobody knows.
        SUBJECT_NOT_FOUND "AUT-1015" NotFound "Enforcement Subject Not Found"
            "No subject exists for the given 'sub'. Check it, or leave it out to ask about the token's own subject.";
        /// No such session for this caller.
        SESSION_NOT_FOUND "AUT-1020" NotFound "Session Not Found"
            "No session exists with this id. List the sessions to see the ones that are alive.";
    }
}

codes! {
    /// The codes of identity-service.
    ide {
        /// A required member is absent.
        MISSING_FIELDS "IDE-0001" Malformed "Missing Fields in Request"
            "The request lacks one or more required fields. Add the fields named in the fields object and try again."
            scim "invalidValue";
        /// A member has the wrong type or breaks a limit.
        INVALID_FIELD_TYPE "IDE-0002" Malformed "Invalid Field"
            "One or more fields have the wrong type or break a limit. Correct the fields named in the fields object and try again."
            scim "invalidValue";
        /// A part of the path is malformed.
        INVALID_PATH_PARAMETER "IDE-0003" Malformed "Invalid Path Parameter"
            "One or more path parameters are in an incorrect format. Check the parameters named in the fields object and try again.";
        /// Members nobody asked for.
        UNEXPECTED_FIELDS "IDE-0004" Malformed "Unexpected Fields in the Request"
            "The request holds fields that this operation does not accept. Remove the fields named in the fields object and try again."
            scim "invalidSyntax";
        /// A query parameter is malformed or unknown.
        INVALID_QUERY_PARAMETER "IDE-0005" Malformed "Invalid Query Parameter"
            "One or more query parameters are unknown or in an incorrect format. Check the parameters named in the fields object and try again.";
        /// A fault of ours.
        INTERNAL "IDE-0006" Internal "Internal Server Error"
            "The server met an unexpected error. Try again later, and contact support with the request id if it stays.";
        /// The body cannot be read at all.
        BAD_REQUEST "IDE-0007" Malformed "Bad Request"
            "The request cannot be understood. Send well-formed JSON in UTF-8, without duplicate members."
            scim "invalidSyntax";
        /// No token came with the request.
        TOKEN_MISSING "IDE-0008" Unauthenticated "Token Missing"
            "This request needs an access token. Send it in the Authorization header as 'Bearer <token>'.";
        /// The token is expired, revoked, forged or malformed.
        INVALID_TOKEN "IDE-0009" Unauthenticated "Invalid Token"
            "The token is expired, revoked or malformed. Request a new token and try again.";
        /// The member exists and can never be changed this way.
        UNMODIFIABLE_FIELD "IDE-0010" Malformed "Unmodifiable Field"
            "The request holds fields that cannot be changed here. Remove the fields named in the fields object and try again."
            scim "mutability";
        /// The product is not registered.
        INVALID_APPLICATION_NAME "IDE-0012" Malformed "Invalid Application Name"
            "The 'name' is not a registered product. Choose one of the names in the fields object.";
        /// The path names someone else than the token.
        USER_ID_NOT_MATCH "IDE-0013" Malformed "User ID Not Match"
            "The user id of the path is not the one of your token. Use your own id to change your own password.";
        /// The password is shorter than the limit.
        PASSWORD_TOO_SHORT "IDE-0020" Malformed "Password Too Short"
            "The password must have at least 12 characters. Choose a longer one.";
        /// Too many tries.
        THROTTLED "IDE-0021" Throttled "Too Many Requests"
            "Too many requests or failed attempts. Wait for the time given in the Retry-After header and try again.";
        /// A part that is needed does not answer.
        UNAVAILABLE "IDE-0022" Unavailable "Service Unavailable"
            "The service cannot answer at the moment. Wait for the time given in the Retry-After header and try again.";
        /// The caller may not.
        FORBIDDEN "IDE-0023" Forbidden "Forbidden"
            "Your token does not permit this operation. Ask an administrator for the permission it needs.";
        /// No such route.
        ROUTE_NOT_FOUND "IDE-0024" NotFound "Route Not Found"
            "No operation exists at this path. Check the path against the API page at /docs/.";
        /// The route does not know this method.
        METHOD_NOT_ALLOWED "IDE-0025" MethodNotAllowed "Method Not Allowed"
            "This path exists, but not with this method. Check the method against the API page at /docs/.";
        /// The body is over its bound.
        REQUEST_TOO_LARGE "IDE-0026" TooLarge "Request Too Large"
            "The request is larger than this operation accepts. Send a smaller one.";
        /// The password breaks a rule other than its length.
        PASSWORD_NOT_ACCEPTED "IDE-0027" Malformed "Password Not Accepted"
            "The password is too common, too long, or lacks a kind of character that is asked for. Choose another one.";
        /// No such application for this caller.
        APPLICATION_NOT_FOUND "IDE-1001" NotFound "Application ID Not Found"
            "No application exists with this id. List the applications to see their ids.";
        /// No such user for this caller.
        USER_NOT_FOUND "IDE-1003" NotFound "User ID Not Found"
            "No user exists with this id. List the users to see their ids.";
        /// No such group for this caller.
        GROUP_NOT_FOUND "IDE-1006" NotFound "Group ID Not Found"
            "No group exists with this id. List the groups to see their ids.";
        /// The username is taken.
        USERNAME_TAKEN "IDE-1007" Conflict "Username Already In Use"
            "A user with this username exists, or existed. Choose another username."
            scim "uniqueness";
        /// The e-mail address is taken.
        EMAIL_TAKEN "IDE-1008" Conflict "E-mail Already In Use"
            "A user with this e-mail address exists. Choose another address."
            scim "uniqueness";
        /// The name of a group or application is taken.
        NAME_TAKEN "IDE-1009" Conflict "Name Already In Use"
            "Something of this kind exists with this name. Choose another name."
            scim "uniqueness";
        /// No such secret of this application.
        SECRET_NOT_FOUND "IDE-1013" NotFound "Secret ID Not Found"
            "The application has no secret with this id. Retrieve the application to see its secrets.";
        /// Built-in groups, roles and applications stay as they are.
        BUILT_IN "IDE-1014" Forbidden "Built-in And Protected"
            "This was seeded with the tenant, or declared by a product, and cannot be changed or deleted here. Create one of your own instead.";
        /// Two live secrets are the limit.
        TOO_MANY_SECRETS "IDE-1015" Conflict "Too Many Secrets"
            "The application already has two live secrets. Withdraw one before you add another.";
        /// The tenant would be left without an administrator.
        LAST_ADMINISTRATOR "IDE-1016" Conflict "Last Administrator"
            "This is the last administrator and cannot be removed or locked. Make another administrator first.";
        /// The current password was given wrongly.
        OLD_PASSWORD_WRONG "IDE-1017" Malformed "Old Password Incorrect"
            "The given 'oldPassword' is not the current password. Check it and try again.";
        /// No such tenant.
        TENANT_NOT_FOUND "IDE-1018" NotFound "Tenant Not Found"
            "No tenant exists with this id or name. List the tenants to see them.";
        /// The tenant may not have more of this.
        TENANT_LIMIT "IDE-1019" Conflict "Tenant Limit Reached"
            "The tenant has as many as it may have of what the fields object names. Delete some, or ask the platform's administrator for a higher limit.";
        /// The tenant that administers the others stays.
        SYSTEM_TENANT "IDE-1020" Forbidden "System Tenant Is Protected"
            "This is the tenant that administers all others; it cannot be disabled or deleted. Choose another tenant.";
        /// There is no such role in the tenant.
        ROLE_NOT_FOUND "IDE-1021" NotFound "Role Not Found"
            "No role exists with this id. List the roles to see the ones that exist.";
        /// Nobody in the tenant has this id or username.
        SUBJECT_NOT_FOUND "IDE-1022" NotFound "Subject Not Found"
            "Nobody has this id or username. Name a user by id or username, or an application by id.";
        /// A manifest breaks rules of its own, or does not fit the tenant.
        INVALID_DECLARATION "IDE-1023" Unprocessable "Invalid Declaration"
            "The declaration was not accepted, and nothing was changed. Correct everything that the fields object names and publish it again.";
        /// The product has declared nothing in this tenant.
        DECLARATION_NOT_FOUND "IDE-1024" NotFound "Declaration Not Found"
            "The product has not declared anything in this tenant. Check its name, or let it publish its manifest first.";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_are_unique_ordered_and_never_both_used_and_reserved() {
        let numbers: Vec<_> = all().map(Code::number).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
        let unique: HashSet<_> = numbers.iter().chain(RESERVED).collect();
        assert_eq!(unique.len(), numbers.len() + RESERVED.len());
    }

    #[test]
    fn the_nine_printed_errors_keep_their_status() {
        let printed = [
            (aut::MISSING_FIELDS, 400),
            (aut::UNEXPECTED_FIELDS, 400),
            (aut::BAD_REQUEST, 400),
            (aut::INVALID_GRANT_TYPE, 400),
            (aut::GRANT_FIELDS_MISSING, 400),
            (aut::UNSUPPORTED_GRANT_TYPE, 400),
            (aut::INVALID_CREDENTIALS, 401),
            (aut::INVALID_CLIENT, 401),
            (aut::INTERNAL, 500),
        ];
        for (code, status) in printed {
            assert_eq!(code.kind().http_status(), status, "{code:?}");
        }
    }

    #[test]
    fn a_code_is_found_by_its_number() {
        assert_eq!(Code::find("AUT-1002"), Some(aut::INVALID_CREDENTIALS));
        assert_eq!(Code::find("AUT-9999"), None);
    }
}
