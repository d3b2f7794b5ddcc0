//! The tables of identity, as the migrations make them.

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use store::sql::{TimeSql, UuidSql};

    tenants (id) {
        id -> UuidSql,
        slug -> Text,
        display_name -> Text,
        settings -> Text,
        active -> Bool,
        epoch -> BigInt,
        revision -> BigInt,
        created_at -> TimeSql,
        limits -> Text,
        updated_at -> TimeSql,
        deleted_at -> Nullable<TimeSql>,
        purged_at -> Nullable<TimeSql>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use store::sql::{TimeSql, UuidSql};

    users (tenant_id, id) {
        tenant_id -> UuidSql,
        id -> UuidSql,
        username -> Text,
        username_folded -> Text,
        first_name -> Text,
        last_name -> Text,
        email -> Text,
        email_folded -> Text,
        email_verified -> Bool,
        phone -> Nullable<Text>,
        phone_verified -> Bool,
        active -> Bool,
        epoch -> BigInt,
        revision -> BigInt,
        created_at -> TimeSql,
        deleted_at -> Nullable<TimeSql>,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use store::sql::{TimeSql, UuidSql};

    password_credentials (tenant_id, user_id) {
        tenant_id -> UuidSql,
        user_id -> UuidSql,
        hash -> Text,
        changed_at -> TimeSql,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use store::sql::{TimeSql, UuidSql};

    groups (tenant_id, id) {
        tenant_id -> UuidSql,
        id -> UuidSql,
        slug -> Text,
        name -> Text,
        built_in -> Bool,
        revision -> BigInt,
        created_at -> TimeSql,
        deleted_at -> Nullable<TimeSql>,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use store::sql::{TimeSql, UuidSql};

    roles (tenant_id, id) {
        tenant_id -> UuidSql,
        id -> UuidSql,
        slug -> Text,
        name -> Text,
        built_in -> Bool,
        created_at -> TimeSql,
        declared_by -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use store::sql::{TimeSql, UuidSql};

    permission_grants (tenant_id, holder_id, product, resource, action) {
        tenant_id -> UuidSql,
        holder_id -> UuidSql,
        product -> Text,
        resource -> Text,
        action -> Text,
        valid_from -> Nullable<TimeSql>,
        valid_until -> Nullable<TimeSql>,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Nullable};
    use store::sql::{TimeSql, UuidSql};

    role_grants (tenant_id, holder_id, role_id) {
        tenant_id -> UuidSql,
        holder_id -> UuidSql,
        role_id -> UuidSql,
        valid_from -> Nullable<TimeSql>,
        valid_until -> Nullable<TimeSql>,
        declared -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use store::sql::{TimeSql, UuidSql};

    declarations (tenant_id, product, revision) {
        tenant_id -> UuidSql,
        product -> Text,
        revision -> BigInt,
        version -> BigInt,
        hash -> Text,
        access -> Text,
        scope -> Text,
        application_id -> UuidSql,
        declared_at -> TimeSql,
    }
}

diesel::table! {
    use diesel::sql_types::Nullable;
    use store::sql::{TimeSql, UuidSql};

    group_members (tenant_id, user_id, group_id) {
        tenant_id -> UuidSql,
        user_id -> UuidSql,
        group_id -> UuidSql,
        valid_from -> Nullable<TimeSql>,
        valid_until -> Nullable<TimeSql>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use store::sql::{TimeSql, UuidSql};

    applications (tenant_id, id) {
        tenant_id -> UuidSql,
        id -> UuidSql,
        client_id -> Text,
        name -> Text,
        product -> Nullable<Text>,
        description -> Text,
        grants -> Text,
        is_default -> Bool,
        built_in -> Bool,
        epoch -> BigInt,
        revision -> BigInt,
        created_at -> TimeSql,
        deleted_at -> Nullable<TimeSql>,
        declares -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable};
    use store::sql::{TimeSql, UuidSql};

    application_secrets (id) {
        id -> UuidSql,
        tenant_id -> UuidSql,
        application_id -> UuidSql,
        digest -> Binary,
        created_at -> TimeSql,
        expires_at -> Nullable<TimeSql>,
        last_used_at -> Nullable<TimeSql>,
        tokens_issued -> BigInt,
        withdrawn_at -> Nullable<TimeSql>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use store::sql::UuidSql;

    counters (tenant_id, kind) {
        tenant_id -> UuidSql,
        kind -> Text,
        total -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable};
    use store::sql::TimeSql;

    login_tries (key) {
        key -> Binary,
        failures -> BigInt,
        last_failed_at -> Nullable<TimeSql>,
        blocked_until -> Nullable<TimeSql>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    tenants,
    users,
    password_credentials,
    groups,
    roles,
    permission_grants,
    role_grants,
    declarations,
    group_members,
    applications,
    application_secrets,
    counters,
    login_tries,
);
