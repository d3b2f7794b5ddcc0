//! The rules of people, groups, applications, their credentials and permissions.
