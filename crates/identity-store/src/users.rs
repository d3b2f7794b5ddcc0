//! Users, the living and the tombstones of the deleted.

use diesel::prelude::*;
use domain::change::Change;
use domain::id::{TenantId, UserId};
use domain::page::{Listed, Page};
use domain::{Email, Username};
use error_codes::{Code, Result, ide};
use identity::phone::PhoneNumber;
use identity::user::User;
use store::Unit;
use store::sql::{At, Id, id};

use crate::counters::{self, Kind};
use crate::grants;
use crate::paging::{Window, listed, rows_to_read, window};
use crate::rows::{count, count_column, epoch, epoch_column};
use crate::schema::{group_members, password_credentials, users};

const COLLISIONS: &[(&str, Code)] =
    &[("users_username_folded", ide::USERNAME_TAKEN), ("users_email_folded", ide::EMAIL_TAKEN)];

#[derive(Queryable, Insertable)]
#[diesel(table_name = users)]
struct Row {
    tenant_id: Id,
    id: Id,
    username: String,
    username_folded: String,
    first_name: String,
    last_name: String,
    email: String,
    email_folded: String,
    email_verified: bool,
    phone: Option<String>,
    phone_verified: bool,
    active: bool,
    epoch: i64,
    revision: i64,
    created_at: At,
    deleted_at: Option<At>,
}

impl Row {
    fn of(user: &User) -> Self {
        Self {
            tenant_id: id(user.tenant),
            id: id(user.id),
            username: user.username.as_str().to_owned(),
            username_folded: user.username.folded().to_owned(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            email: user.email.as_str().to_owned(),
            email_folded: user.email.folded().to_owned(),
            email_verified: user.email_verified,
            phone: user.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            phone_verified: user.phone_verified,
            active: user.active,
            epoch: epoch_column(user.epoch),
            revision: count_column(user.revision),
            created_at: At(user.created_at),
            deleted_at: None,
        }
    }

    fn read(self, unit: &Unit<'_>) -> Result<User> {
        let id: UserId = self.id.of();
        let corrupt = |_| unit.corrupt("users", id);
        Ok(User {
            id,
            tenant: self.tenant_id.of(),
            username: Username::parse(&self.username).map_err(corrupt)?,
            first_name: self.first_name,
            last_name: self.last_name,
            email: Email::parse(&self.email).map_err(corrupt)?,
            email_verified: self.email_verified,
            phone: self.phone.as_deref().map(PhoneNumber::parse).transpose().map_err(corrupt)?,
            phone_verified: self.phone_verified,
            active: self.active,
            epoch: epoch(unit, "users", id, self.epoch)?,
            revision: count(unit, "users", id, self.revision)?,
            created_at: self.created_at.0,
        })
    }
}

/// Adds a user.
///
/// # Errors
/// IDE-1007 when somebody has, or had, the username; IDE-1008 when somebody has the address; IDE-1019.
pub fn insert(unit: &mut Unit<'_>, user: &User) -> Result<()> {
    let row = Row::of(user);
    unit.query_unique(COLLISIONS, |connection| diesel::insert_into(users::table).values(&row).execute(connection))?;
    counters::add_one(unit, user.tenant, Kind::Users, false)
}

/// The living user of an id.
pub fn find(unit: &mut Unit<'_>, tenant: TenantId, user: UserId) -> Result<Option<User>> {
    let row: Option<Row> = unit.query(|connection| {
        users::table.find((id(tenant), id(user))).filter(users::deleted_at.is_null()).first(connection).optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// The living user of a folded username.
pub fn find_by_username(unit: &mut Unit<'_>, tenant: TenantId, folded: &str) -> Result<Option<User>> {
    let row: Option<Row> = unit.query(|connection| {
        users::table
            .filter(users::tenant_id.eq(id(tenant)))
            .filter(users::username_folded.eq(folded))
            .filter(users::deleted_at.is_null())
            .first(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// Holds a living user for a change: raises the revision, and keeps everybody else from the row until the commit.
pub fn hold(unit: &mut Unit<'_>, tenant: TenantId, user: UserId) -> Result<Option<User>> {
    let row: Option<Row> = unit.query(|connection| {
        diesel::update(users::table.find((id(tenant), id(user))).filter(users::deleted_at.is_null()))
            .set(users::revision.eq(users::revision + 1))
            .returning(users::all_columns)
            .get_result(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// Stores a changed user that is held; the username stays. Announces that the user's tokens ended where the epoch rose,
/// else that the user changed.
///
/// # Errors
/// IDE-1008 when somebody else has the address.
pub fn update(unit: &mut Unit<'_>, was: &User, user: &User) -> Result<()> {
    let row = Row::of(user);
    unit.query_unique(COLLISIONS, |connection| {
        diesel::update(users::table.find((row.tenant_id, row.id)))
            .set((
                users::first_name.eq(&row.first_name),
                users::last_name.eq(&row.last_name),
                users::email.eq(&row.email),
                users::email_folded.eq(&row.email_folded),
                users::email_verified.eq(row.email_verified),
                users::phone.eq(&row.phone),
                users::phone_verified.eq(row.phone_verified),
                users::active.eq(row.active),
                users::epoch.eq(row.epoch),
            ))
            .execute(connection)
    })?;
    let change =
        if user.epoch > was.epoch { Change::UserEpoch(user.id, user.epoch) } else { Change::UserRevised(user.id) };
    unit.announce(user.tenant, change);
    Ok(())
}

/// Ends every token of a user that is held, and tells so.
pub fn raise_epoch(unit: &mut Unit<'_>, user: &User) -> Result<User> {
    let raised = User { epoch: user.epoch.next(), ..user.clone() };
    update(unit, user, &raised)?;
    Ok(raised)
}

/// Makes a user that is held a tombstone: personal data, password and memberships are gone, every token is dead, and the
/// name is never given again.
pub fn mark_deleted(unit: &mut Unit<'_>, user: &User) -> Result<()> {
    let epoch = user.epoch.next();
    let key = (id(user.tenant), id(user.id));
    let now = At(unit.now());
    unit.query(|connection| {
        diesel::delete(password_credentials::table.find(key)).execute(connection)?;
        let memberships =
            group_members::table.filter(group_members::tenant_id.eq(key.0)).filter(group_members::user_id.eq(key.1));
        diesel::delete(memberships).execute(connection)?;
        grants::clear(connection, key.0, &[key.1])?;
        diesel::update(users::table.find(key))
            .set((
                users::username.eq(users::username_folded),
                users::first_name.eq(""),
                users::last_name.eq(""),
                users::email.eq(""),
                users::email_folded.eq(""),
                users::email_verified.eq(false),
                users::phone.eq(None::<String>),
                users::phone_verified.eq(false),
                users::active.eq(false),
                users::epoch.eq(epoch_column(epoch)),
                users::deleted_at.eq(Some(now)),
            ))
            .execute(connection)
    })?;
    counters::add(unit, user.tenant, Kind::Users, -1)?;
    unit.announce(user.tenant, Change::UserEpoch(user.id, epoch));
    Ok(())
}

/// The living users of a tenant in the order they were made; the key of a page is the id.
pub fn list(unit: &mut Unit<'_>, tenant: TenantId, page: &Page) -> Result<Listed<User>> {
    let window = window(page, |key| UserId::parse(key).ok())?;
    let rows: Vec<Row> = unit.query(|connection| {
        let query = users::table
            .filter(users::tenant_id.eq(id(tenant)))
            .filter(users::deleted_at.is_null())
            .order(users::id)
            .limit(rows_to_read(page))
            .into_boxed();
        match window {
            Window::Offset(rows) => query.offset(rows).load(connection),
            Window::After(key) => query.filter(users::id.gt(id(key))).load(connection),
        }
    })?;
    let users = rows.into_iter().map(|row| row.read(unit)).collect::<Result<_>>()?;
    let total = counters::total(unit, tenant, Kind::Users)?;
    Ok(listed(users, page, total, |user: &User| user.id.to_string()))
}
