//! The audit trail of this service, read again.

use domain::audit::{DEPLOYMENT, Recorded};
use domain::id::TenantId;
use domain::token::AccessToken;
use error_codes::{Result, aut};
use futures_util::Stream;
use service_kit::http::{TrailQuery, Whose};
use store::Found;

use super::{App, Origin};

/// The permission to read a trail, as it is told in one.
const AUDIT_GET: &str = "audit:get";

impl App {
    /// One page of a trail.
    ///
    /// # Errors
    /// AUT-0007, and AUT-0017 without the permission `audit:get` or for a trail that is not the caller's.
    pub async fn list_audit(&self, token: &AccessToken, query: &TrailQuery, origin: &Origin) -> Result<Found> {
        let tenant = self.permit_trail(token, query.whose, origin).await?;
        self.trail.list(tenant, query.filter.clone(), query.after, query.limit).await
    }

    /// A whole trail, the oldest event first. That it was exported is an event of it.
    ///
    /// # Errors
    /// As [`list_audit`](Self::list_audit).
    pub async fn export_audit(
        &self,
        token: &AccessToken,
        query: TrailQuery,
        origin: &Origin,
    ) -> Result<impl Stream<Item = Result<Vec<Recorded>>> + Send + use<>> {
        let tenant = self.permit_trail(token, query.whose, origin).await?;
        let actor = origin.actor(token.actor_kind(), &token.sub);
        self.trail.export(Some(tenant), query.filter, actor).await
    }

    /// The tenant whose trail the caller may read: their own, or that of the deployment for the system tenant.
    async fn permit_trail(&self, token: &AccessToken, whose: Whose, origin: &Origin) -> Result<TenantId> {
        let caller = self.subject_of(token).await?;
        if !caller.may_manage(token, "audit", "get") {
            return self.deny(token, AUDIT_GET, origin).await;
        }
        match whose {
            Whose::Tenant => Ok(token.tenant),
            Whose::Deployment if token.owner == *self.issuers.default_tenant() => Ok(DEPLOYMENT.into()),
            Whose::Deployment => self.deny(token, AUDIT_GET, origin).await,
        }
    }

    /// Refuses a caller who lacks a permission, and puts that into the trail.
    pub(super) async fn deny<T>(&self, token: &AccessToken, permission: &str, origin: &Origin) -> Result<T> {
        let actor = origin.actor(token.actor_kind(), &token.sub);
        self.trail.deny(token.tenant, actor, permission.to_owned(), aut::FORBIDDEN).await?;
        Err(aut::FORBIDDEN.into())
    }
}
