//! The tables of auth-service.

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use store::sql::{TimeSql, UuidSql};

    sessions (id) {
        id -> UuidSql,
        tenant_id -> UuidSql,
        user_id -> UuidSql,
        application_id -> UuidSql,
        door -> Text,
        scope -> Text,
        tenant_epoch -> BigInt,
        application_epoch -> BigInt,
        subject_epoch -> BigInt,
        amr -> Text,
        auth_time -> TimeSql,
        address -> Text,
        user_agent -> Text,
        generation -> BigInt,
        created_at -> TimeSql,
        rotated_at -> Nullable<TimeSql>,
        used_at -> TimeSql,
        idle_expires_at -> TimeSql,
        expires_at -> TimeSql,
        ended_at -> Nullable<TimeSql>,
        end_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use store::sql::{TimeSql, UuidSql};

    revocations (session_id) {
        session_id -> UuidSql,
        tenant_id -> UuidSql,
        until -> TimeSql,
        at -> TimeSql,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use store::sql::TimeSql;

    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        state -> Text,
        public_jwk -> Text,
        private_sealed -> Nullable<Binary>,
        created_at -> TimeSql,
        activated_at -> Nullable<TimeSql>,
        retires_at -> Nullable<TimeSql>,
        signs_at -> Nullable<TimeSql>,
        last_needed_at -> Nullable<TimeSql>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use store::sql::{TimeSql, UuidSql};

    subscribers (id) {
        id -> UuidSql,
        process -> UuidSql,
        name -> Text,
        address -> Text,
        since -> TimeSql,
        known_until -> Nullable<TimeSql>,
        reported_at -> TimeSql,
    }
}
