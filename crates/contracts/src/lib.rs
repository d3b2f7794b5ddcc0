//! The generated gRPC types of proto/, and nothing else.
