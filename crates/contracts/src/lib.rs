//! The generated gRPC types of `proto/`, and nothing else. Layer 3.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::wildcard_enum_match_arm, reason = "generated")]

/// What identity-service answers to other services.
pub mod identity {
    pub mod v1 {
        tonic::include_proto!("identity.v1");
    }
}

/// What auth-service answers to other services.
pub mod auth {
    pub mod v1 {
        tonic::include_proto!("auth.v1");
    }
}

/// The descriptors of every service, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
