//! Users, groups, applications, their credentials and permissions, as a process.
