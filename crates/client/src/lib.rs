//! What a Rust service adds to trust Gatehouse: a verifier fed by the token-state stream.
