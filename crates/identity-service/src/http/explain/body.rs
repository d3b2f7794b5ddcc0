//! Who may do what, and why, as answers write it.

use domain::permission::Permission;
use identity::effective::Effective;
use identity::explain::{Reason, Ways};
use identity::holders::{Row, Subject};
use identity::membership::Reach;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::grants::bounds_of;
use crate::app::explain::Explained;

/// A person or an application.
#[derive(Serialize, ToSchema)]
#[schema(as = Subject)]
pub(super) struct SubjectResponse {
    /// `user` or `application`.
    #[schema(example = "user")]
    kind: &'static str,
    #[schema(format = "uuid")]
    id: String,
    /// The username, or the name of the application.
    #[schema(example = "ana.souza")]
    name: String,
}

/// A permission with its stars.
#[derive(Serialize, ToSchema)]
#[schema(as = PermissionName)]
struct PermissionResponse {
    #[schema(example = "midaz")]
    product: String,
    #[schema(example = "ledgers")]
    resource: String,
    #[schema(example = "*")]
    action: String,
}

/// How a permission comes to a subject. Neither group nor role: it was granted to the subject itself, or to everybody.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Way)]
struct WayResponse {
    permission: PermissionResponse,
    /// The group that the subject is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "midaz-viewer-group")]
    group: Option<String>,
    /// The role that the group, or the subject, has or acts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "midaz-viewer-role")]
    role: Option<String>,
    /// When every link of the way holds; absent: it has begun, or was never bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<String>,
    /// When the first link of the way ends; absent: it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
}

/// Why it is not allowed.
#[derive(Serialize, ToSchema)]
#[schema(as = Reason)]
struct ReasonResponse {
    /// `subject_disabled`: whatever it holds counts for nothing. `grant_ended`, `grant_not_begun`: the ways would allow it
    /// at another time. `other_actions`: the ways hold the resource with other actions. `other_product`: the ways hold it in
    /// another product. `platform`: it reaches beyond a tenant, and the stars of the ways pass over it. `other_resources`:
    /// the ways are all it holds of the product. `nothing_of_product`.
    #[schema(example = "other_actions")]
    reason: &'static str,
    /// At most 50.
    ways: Vec<WayResponse>,
    /// How many ways there are.
    total: usize,
}

/// Whether a subject may do something, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(super) struct ExplanationResponse {
    subject: SubjectResponse,
    /// Whether it is allowed now.
    allowed: bool,
    /// Rises with every change; an answer of auth with the same or a higher one knows of all that is told here.
    revision: u64,
    /// The ways that lead to it now, at most 50; for a disabled subject those that would.
    ways: Vec<WayResponse>,
    /// How many ways there are.
    total: usize,
    /// Why it is not allowed; empty when it is.
    reasons: Vec<ReasonResponse>,
}

/// Somebody who may do it, on one way.
#[derive(Serialize, ToSchema)]
#[schema(as = PermissionHolder)]
pub(super) struct HolderResponse {
    subject: SubjectResponse,
    way: WayResponse,
}

/// A page of holders.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PermissionHolders)]
pub(super) struct HoldersResponse {
    pub(super) items: Vec<HolderResponse>,
    pub(super) limit: u16,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
}

/// A permission that is held now.
#[derive(Serialize, ToSchema)]
#[schema(as = EffectivePermission)]
pub(super) struct EffectiveResponse {
    permission: PermissionResponse,
    /// How it comes to the subject, at most 50.
    ways: Vec<WayResponse>,
    /// How many ways there are.
    total: usize,
}

impl SubjectResponse {
    fn of(Subject { kind, id, name }: Subject) -> Self {
        Self { kind: kind.name(), id: id.to_string(), name }
    }
}

impl PermissionResponse {
    fn of(Permission { product, resource, action }: Permission) -> Self {
        Self { product, resource, action }
    }
}

impl WayResponse {
    fn of(Reach { permission, way, validity }: Reach) -> Self {
        let [valid_from, valid_until] = bounds_of(validity);
        Self {
            permission: PermissionResponse::of(permission),
            group: way.group.map(|group| group.to_string()),
            role: way.role.map(|role| role.to_string()),
            valid_from,
            valid_until,
        }
    }

    fn all(ways: Ways) -> Vec<Self> {
        ways.shown.into_iter().map(Self::of).collect()
    }
}

impl ReasonResponse {
    fn of(reason: Reason) -> Self {
        let (reason, ways) = match reason {
            Reason::Disabled => ("subject_disabled", Ways::default()),
            Reason::Ended(ways) => ("grant_ended", ways),
            Reason::NotBegun(ways) => ("grant_not_begun", ways),
            Reason::Platform(ways) => ("platform", ways),
            Reason::OtherActions(ways) => ("other_actions", ways),
            Reason::OtherProduct(ways) => ("other_product", ways),
            Reason::OtherResources(ways) => ("other_resources", ways),
            Reason::NothingOfProduct => ("nothing_of_product", Ways::default()),
        };
        Self { reason, total: ways.total, ways: WayResponse::all(ways) }
    }
}

impl ExplanationResponse {
    pub(super) fn of(Explained { subject, explanation, revision }: Explained) -> Self {
        Self {
            subject: SubjectResponse::of(subject),
            allowed: explanation.is_allowed(),
            revision,
            total: explanation.ways.total,
            ways: WayResponse::all(explanation.ways),
            reasons: explanation.reasons.into_iter().map(ReasonResponse::of).collect(),
        }
    }
}

impl HolderResponse {
    pub(super) fn of(Row { subject, reach, place: _ }: Row) -> Self {
        Self { subject: SubjectResponse::of(subject), way: WayResponse::of(reach) }
    }
}

impl EffectiveResponse {
    pub(super) fn of(Effective { permission, ways }: Effective) -> Self {
        Self { permission: PermissionResponse::of(permission), total: ways.total, ways: WayResponse::all(ways) }
    }
}
