//! The sealed halves of the keys, for the rotation of the deployment keys.

use diesel::prelude::*;
use error_codes::Result;
use store::Unit;

use crate::schema::signing_keys;

/// A sealed private half, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// The key.
    pub kid: String,
    /// Its private half, sealed.
    pub private_sealed: Vec<u8>,
}

/// Lists every private half; there are fewer than keys.
pub fn list_sealed(unit: &mut Unit<'_>) -> Result<Vec<SealedKey>> {
    let rows: Vec<(String, Option<Vec<u8>>)> = unit.query(|connection| {
        signing_keys::table
            .filter(signing_keys::private_sealed.is_not_null())
            .order(signing_keys::kid)
            .select((signing_keys::kid, signing_keys::private_sealed))
            .load(connection)
    })?;
    let sealed = rows.into_iter();
    Ok(sealed.filter_map(|(kid, sealed)| Some(SealedKey { kid, private_sealed: sealed? })).collect())
}

/// Replaces a seal by another one of the same private half; false when the key moved on meanwhile. Nobody is told, since
/// who has read the key holds the same one.
pub fn reseal(unit: &mut Unit<'_>, was: &SealedKey, sealed: &[u8]) -> Result<bool> {
    let replaced = unit.query(|connection| {
        diesel::update(signing_keys::table.find(&was.kid))
            .filter(signing_keys::private_sealed.eq(Some(&was.private_sealed)))
            .set(signing_keys::private_sealed.eq(Some(sealed)))
            .execute(connection)
    })?;
    Ok(replaced == 1)
}
