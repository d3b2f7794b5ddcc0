//! The tables of identity-service and their queries.
