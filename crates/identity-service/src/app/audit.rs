//! The audit trail of this service, read again.

use domain::audit::{DEPLOYMENT, Recorded};
use domain::id::TenantId;
use domain::token::AccessToken;
use error_codes::{Result, ide};
use futures_util::Stream;
use service_kit::http::{TrailQuery, Whose};
use store::Found;

use super::access::Acting;
use super::{App, Origin};

impl App {
    /// One page of a trail.
    ///
    /// # Errors
    /// IDE-0009, and IDE-0023 without the permission `audit:get` or for a trail that is not the caller's.
    pub async fn list_audit(&self, token: &AccessToken, query: &TrailQuery, origin: &Origin) -> Result<Found> {
        let (_, tenant) = self.permit_trail(token, query.whose, origin).await?;
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
        let (acting, tenant) = self.permit_trail(token, query.whose, origin).await?;
        self.trail.export(Some(tenant), query.filter, acting.actor).await
    }

    /// The tenant whose trail the caller may read: their own, or that of the deployment for the system tenant.
    async fn permit_trail(&self, token: &AccessToken, whose: Whose, origin: &Origin) -> Result<(Acting, TenantId)> {
        let acting = self.permit(token, "audit", "get", origin).await?;
        let tenant = match whose {
            Whose::Tenant => acting.tenant,
            Whose::Deployment if token.owner == self.default_tenant => DEPLOYMENT.into(),
            Whose::Deployment => {
                let actor = acting.actor.clone();
                self.trail.deny(acting.tenant, actor, "audit:get".to_owned(), ide::FORBIDDEN).await?;
                return Err(ide::FORBIDDEN.into());
            }
        };
        Ok((acting, tenant))
    }
}
