//! One connection type over SQLite and PostgreSQL, the unit of work, and the tables every service has.
