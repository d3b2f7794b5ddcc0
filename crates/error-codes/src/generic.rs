//! The codes that mean the same in both services and differ only in their number.

use crate::{Code, aut, ide};

/// The codes of one service for what happens at every edge.
#[derive(Clone, Copy, Debug)]
pub struct Generic {
    /// Required members are absent.
    pub missing_fields: Code,
    /// A member has the wrong type or breaks a limit.
    pub invalid_field: Code,
    /// Members nobody asked for.
    pub unexpected_fields: Code,
    /// A malformed part of the path.
    pub invalid_path: Code,
    /// A malformed or unknown query parameter.
    pub invalid_query: Code,
    /// The body cannot be read at all.
    pub malformed: Code,
    /// No token came with the request.
    pub token_missing: Code,
    /// The token is expired, revoked, forged or malformed.
    pub token_invalid: Code,
    /// The caller may not.
    pub forbidden: Code,
    /// No such route.
    pub route_not_found: Code,
    /// The route does not know this method.
    pub method_not_allowed: Code,
    /// The body is over its bound.
    pub too_large: Code,
    /// Too many tries.
    pub throttled: Code,
    /// A part that is needed does not answer.
    pub unavailable: Code,
    /// A fault of ours.
    pub internal: Code,
}

/// The generic codes of auth-service.
pub static AUTH: Generic = Generic {
    missing_fields: aut::MISSING_FIELDS,
    invalid_field: aut::BAD_REQUEST,
    unexpected_fields: aut::UNEXPECTED_FIELDS,
    invalid_path: aut::INVALID_PATH_PARAMETER,
    invalid_query: aut::INVALID_QUERY_PARAMETER,
    malformed: aut::BAD_REQUEST,
    token_missing: aut::TOKEN_MISSING,
    token_invalid: aut::INVALID_TOKEN,
    forbidden: aut::FORBIDDEN,
    route_not_found: aut::ROUTE_NOT_FOUND,
    method_not_allowed: aut::METHOD_NOT_ALLOWED,
    too_large: aut::REQUEST_TOO_LARGE,
    throttled: aut::THROTTLED,
    unavailable: aut::UNAVAILABLE,
    internal: aut::INTERNAL,
};

/// The generic codes of identity-service.
pub static IDENTITY: Generic = Generic {
    missing_fields: ide::MISSING_FIELDS,
    invalid_field: ide::INVALID_FIELD_TYPE,
    unexpected_fields: ide::UNEXPECTED_FIELDS,
    invalid_path: ide::INVALID_PATH_PARAMETER,
    invalid_query: ide::INVALID_QUERY_PARAMETER,
    malformed: ide::BAD_REQUEST,
    token_missing: ide::TOKEN_MISSING,
    token_invalid: ide::INVALID_TOKEN,
    forbidden: ide::FORBIDDEN,
    route_not_found: ide::ROUTE_NOT_FOUND,
    method_not_allowed: ide::METHOD_NOT_ALLOWED,
    too_large: ide::REQUEST_TOO_LARGE,
    throttled: ide::THROTTLED,
    unavailable: ide::UNAVAILABLE,
    internal: ide::INTERNAL,
};
