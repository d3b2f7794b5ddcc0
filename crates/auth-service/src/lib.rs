//! Token issuance, sessions, revocation and permission answers, as a process.
