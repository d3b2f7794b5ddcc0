//! The kind of a code: the one place where HTTP and gRPC statuses are decided.

/// What sort of refusal a code is; it owns both statuses, so that they cannot drift apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be understood or breaks a rule of its own form.
    Malformed,
    /// The caller is not known, or no longer.
    Unauthenticated,
    /// The caller is known and may not.
    Forbidden,
    /// What was named does not exist for this caller.
    NotFound,
    /// The request collides with what exists.
    Conflict,
    /// The request is larger than its bound.
    TooLarge,
    /// The caller must slow down.
    Throttled,
    /// A fault of ours.
    Internal,
    /// A part that is needed does not answer at the moment.
    Unavailable,
    /// The route exists, the method does not; HTTP only.
    MethodNotAllowed,
    /// The request is understood, and what it asks for contradicts itself or what exists; HTTP only.
    Unprocessable,
}

impl Kind {
    /// The HTTP status (RFC 9110 §15).
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Unprocessable => 422,
            Self::Throttled => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// The number of the gRPC status (`google.rpc.Code`).
    pub const fn grpc_status(self) -> i32 {
        match self {
            Self::Malformed | Self::TooLarge | Self::Unprocessable => 3,
            Self::Unauthenticated => 16,
            Self::Forbidden => 7,
            Self::NotFound => 5,
            Self::MethodNotAllowed => 12,
            Self::Conflict => 6,
            Self::Throttled => 8,
            Self::Internal => 13,
            Self::Unavailable => 14,
        }
    }

    /// The name used in the published list.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "Malformed",
            Self::Unauthenticated => "Unauthenticated",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::Conflict => "Conflict",
            Self::TooLarge => "TooLarge",
            Self::Throttled => "Throttled",
            Self::Internal => "Internal",
            Self::Unavailable => "Unavailable",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::Unprocessable => "Unprocessable",
        }
    }
}
