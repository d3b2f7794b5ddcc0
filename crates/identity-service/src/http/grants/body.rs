//! What a holder is granted, as requests and answers write it.

use std::collections::BTreeMap;

use domain::permission::Permission;
use error_codes::Result;
use identity::fields::Fields;
use identity::membership::Validity;
use identity::policy::{self, MOST, RawPermission, read_validity};
use identity::role::Role;
use serde::Serialize;
use service_kit::http::{JsonBody, Members};
use utoipa::ToSchema;

use super::super::optional_body::OptionalBody;
use crate::app::grants::Grants;

/// An action on a resource of a product, and when it is held.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Permission)]
pub(super) struct PermissionBody {
    #[schema(example = "midaz", max_length = 100)]
    product: String,
    /// `*` for any.
    #[schema(example = "ledgers", max_length = 100)]
    resource: String,
    /// `*` for any.
    #[schema(example = "get", max_length = 100)]
    action: String,
    /// RFC 3339; absent: it is held already.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2030-01-01T00:00:00Z")]
    valid_from: Option<String>,
    /// RFC 3339, the first moment at which it is held no more; absent: it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2031-01-01T00:00:00Z")]
    valid_until: Option<String>,
}

/// All permissions that a holder has of its own from now on.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the body; the edge reads its one member")]
pub(super) struct PermissionsInput {
    #[schema(max_items = 1000)]
    permissions: Vec<PermissionBody>,
}

/// When something is given; nothing sent: from now on, without an end.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes the body; the edge reads its members")]
pub(in crate::http) struct BoundsInput {
    /// RFC 3339; absent: from now on.
    #[schema(example = "2030-01-01T00:00:00Z")]
    valid_from: Option<String>,
    /// RFC 3339, the first moment no more; absent: without an end.
    #[schema(example = "2031-01-01T00:00:00Z")]
    valid_until: Option<String>,
}

/// A role that a holder has, and when.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RoleGrant {
    /// The id of the role.
    #[schema(example = "midaz-viewer-role")]
    role: String,
    /// RFC 3339; absent: it is held already.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<String>,
    /// RFC 3339, the first moment at which it is held no more; absent: it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
}

/// What a holder was granted, also what has ended or is yet to begin.
#[derive(Serialize, ToSchema)]
#[schema(as = Grants)]
pub(super) struct GrantsResponse {
    /// Of its own.
    permissions: Vec<PermissionBody>,
    /// The roles whose permissions it has as well; a role has none.
    #[schema(example = json!(["midaz-viewer-role"]))]
    roles: Vec<String>,
    /// The same roles, each with its bounds.
    grants: Vec<RoleGrant>,
}

impl GrantsResponse {
    pub(super) fn of(Grants { permissions, roles }: Grants) -> Self {
        Self {
            permissions: permissions.into_iter().map(PermissionBody::of).collect(),
            roles: roles.iter().map(|(role, _)| role.slug.to_string()).collect(),
            grants: roles.into_iter().map(RoleGrant::of).collect(),
        }
    }
}

impl RoleGrant {
    fn of((role, validity): (Role, Validity)) -> Self {
        let [valid_from, valid_until] = bounds_of(validity);
        Self { role: role.slug.to_string(), valid_from, valid_until }
    }
}

impl PermissionsInput {
    /// Reads all permissions that a holder shall have.
    pub(super) fn read(body: JsonBody) -> Result<BTreeMap<Permission, Validity>> {
        let mut members = body.members();
        let objects = members.required_objects("permissions", MOST);
        members.finish()?;
        let read = objects.into_iter().enumerate().map(|(index, members)| PermissionBody::read(index, members));
        let permissions = read.collect::<Result<Vec<_>>>()?;
        policy::parse(&permissions.iter().map(PermissionBody::raw).collect::<Vec<_>>())
    }
}

impl BoundsInput {
    /// Reads the bounds, where any are sent.
    pub(in crate::http) fn read(body: OptionalBody) -> Result<Validity> {
        let Some(mut members) = body.members() else { return Ok(Validity::ALWAYS) };
        let (from, until) = (members.optional("validFrom"), members.optional("validUntil"));
        members.finish()?;
        let mut fields = Fields::default();
        let validity = read_validity(&mut fields, "", from.as_deref(), until.as_deref());
        if fields.are_sound() { Ok(validity) } else { Err(fields.into_failure()) }
    }
}

impl PermissionBody {
    fn of((Permission { product, resource, action }, validity): (Permission, Validity)) -> Self {
        let [valid_from, valid_until] = bounds_of(validity);
        Self { product, resource, action, valid_from, valid_until }
    }

    fn raw(&self) -> RawPermission<'_> {
        RawPermission {
            product: &self.product,
            resource: &self.resource,
            action: &self.action,
            valid_from: self.valid_from.as_deref(),
            valid_until: self.valid_until.as_deref(),
        }
    }

    /// Reads one permission of the list; what is wrong with it is named by its place.
    fn read(index: usize, mut members: Members) -> Result<Self> {
        let permission = Self {
            product: members.required("product"),
            resource: members.required("resource"),
            action: members.required("action"),
            valid_from: members.optional("validFrom"),
            valid_until: members.optional("validUntil"),
        };
        members.finish_inside(&format!("permissions[{index}]"))?;
        Ok(permission)
    }
}

/// `validFrom` and `validUntil`, as answers write them.
pub(in crate::http) fn bounds_of(validity: Validity) -> [Option<String>; 2] {
    [validity.from, validity.until].map(|time| time.map(|time| time.to_string()))
}
