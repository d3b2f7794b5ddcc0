//! The tables of auth-service and their queries.
