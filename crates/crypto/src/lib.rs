//! Signing, verifying, sealing, message authentication and password hashes; no I/O.
