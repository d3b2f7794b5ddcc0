//! The tables every service has.

diesel::table! {
    deployment (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    feed_head (id) {
        id -> Integer,
        number -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Text};
    use crate::sql::{TimeSql, UuidSql};

    feed (number) {
        number -> BigInt,
        at -> TimeSql,
        tenant_id -> UuidSql,
        kind -> Text,
        subject_id -> UuidSql,
        value -> BigInt,
        ends_tokens -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::sql::{TimeSql, UuidSql};

    audit_events (id) {
        id -> UuidSql,
        tenant_id -> UuidSql,
        at -> TimeSql,
        actor_kind -> Text,
        actor_id -> Text,
        action -> Text,
        target_kind -> Text,
        target_id -> Text,
        outcome -> Text,
        code -> Nullable<Text>,
        address -> Text,
        request_id -> Text,
        details -> Nullable<Text>,
    }
}
