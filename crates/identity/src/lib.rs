//! The rules of people, groups, applications, their credentials and permissions.
//!
//! Owns what makes a user, a password, an application or a grant valid, who may act on whom, when a guesser must wait,
//! and what a new tenant begins with. Rules are functions over values: time and chance are arguments, nothing is read or
//! written here. Leaves rows to `identity-store`, sequences to `identity-service`, tokens and sessions to `auth`.
//! Layer 2. Read [`user`] and [`membership`] first, then [`acting`].

#![warn(missing_docs)]

pub mod acting;
pub mod application;
pub mod declaration;
pub mod declared;
pub mod effective;
pub mod explain;
pub mod fields;
pub mod grant;
pub mod group;
pub mod holders;
pub mod login;
pub mod membership;
pub mod password;
pub mod phone;
pub mod policy;
pub mod product;
pub mod role;
pub mod seed;
pub mod tenant;
pub mod throttle;
pub mod turns;
pub mod user;
