//! The hashes of passwords, apart from the users, so that no list ever reads one.

use diesel::prelude::*;
use diesel::upsert::excluded;
use domain::Timestamp;
use domain::id::{TenantId, UserId};
use error_codes::Result;
use store::sql::{At, id};
use store::{Both, Unit};

use crate::schema::password_credentials;

/// What is stored of a password.
#[derive(Clone)]
pub struct StoredPassword {
    /// The hash with its scheme.
    pub hash: String,
    /// When the password was chosen; hashing it anew does not count.
    pub changed_at: Timestamp,
}

/// The password of a user; `None` for one who has none.
pub fn find(unit: &mut Unit<'_>, tenant: TenantId, user: UserId) -> Result<Option<StoredPassword>> {
    let row: Option<(String, At)> = unit.query(|connection| {
        password_credentials::table
            .find((id(tenant), id(user)))
            .select((password_credentials::hash, password_credentials::changed_at))
            .first(connection)
            .optional()
    })?;
    Ok(row.map(|(hash, At(changed_at))| StoredPassword { hash, changed_at }))
}

/// Gives a user a password. The caller raises the user's epoch in the same unit of work, where the user is not new.
pub fn put(unit: &mut Unit<'_>, tenant: TenantId, user: UserId, hash: &str) -> Result<()> {
    let now = At(unit.now());
    unit.query(|connection| {
        Both(
            diesel::insert_into(password_credentials::table)
                .values((
                    password_credentials::tenant_id.eq(id(tenant)),
                    password_credentials::user_id.eq(id(user)),
                    password_credentials::hash.eq(hash),
                    password_credentials::changed_at.eq(now),
                ))
                .on_conflict((password_credentials::tenant_id, password_credentials::user_id))
                .do_update()
                .set((
                    password_credentials::hash.eq(excluded(password_credentials::hash)),
                    password_credentials::changed_at.eq(excluded(password_credentials::changed_at)),
                )),
        )
        .execute(connection)
    })?;
    Ok(())
}

/// Replaces a hash by a better one of the same password; false when the password was changed meanwhile.
pub fn rehash(unit: &mut Unit<'_>, tenant: TenantId, user: UserId, was: &str, hash: &str) -> Result<bool> {
    let replaced = unit.query(|connection| {
        diesel::update(password_credentials::table.find((id(tenant), id(user))))
            .filter(password_credentials::hash.eq(was))
            .set(password_credentials::hash.eq(hash))
            .execute(connection)
    })?;
    Ok(replaced == 1)
}

/// How many hashes need the deployment key of this number: those of passwords over 72 bytes.
pub fn count_prehashed(unit: &mut Unit<'_>, key_id: u8) -> Result<i64> {
    unit.query(|connection| {
        let prehashed = password_credentials::table.filter(password_credentials::hash.like(format!("b2${key_id}$%")));
        prehashed.count().get_result(connection)
    })
}
