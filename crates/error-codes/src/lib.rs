//! The catalogue of every code a client can receive, and the failure that carries one.
//!
//! Owns: the numbers, titles, messages and statuses of `AUT-xxxx` and `IDE-xxxx`. Leaves the rendering over HTTP and
//! gRPC to `service-kit`. Layer 0: it depends on no other crate of the workspace. Read [`aut`] and [`ide`] first, then
//! [`Failure`].

mod catalogue;
mod failure;
mod generic;
mod kind;
mod published;

pub use catalogue::{Code, RESERVED, all, aut, ide};
pub use failure::{Failure, FieldDetail, Result};
pub use generic::{AUTH, Generic, IDENTITY};
pub use kind::Kind;
pub use published::markdown;
