//! The methods of `identity.v1.Identity`: each parses, calls one `app` function and renders.

use std::sync::Arc;

use contracts::identity::v1 as wire;
use contracts::identity::v1::identity_server::Identity;
use domain::id::{ApplicationId, SecretId, TenantId, UserId};
use domain::{Secret, Timestamp};
use error_codes::Failure;
use service_kit::grpc::to_status;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::render;
use super::watch::{Events, watch};
use crate::app::clients::{ClientCheck, SecretUse};
use crate::app::login::Login;
use crate::app::subjects::Who;
use crate::app::{App, Origin};

/// The most secrets in one report.
const MOST_USES: usize = 10_000;

/// Answers auth.
pub struct IdentityService {
    app: Arc<App>,
    stop: CancellationToken,
}

impl IdentityService {
    pub(super) fn new(app: Arc<App>, stop: CancellationToken) -> Self {
        Self { app, stop }
    }
}

#[tonic::async_trait]
impl Identity for IdentityService {
    type WatchStream = Events;

    async fn verify_password(
        &self,
        request: Request<wire::VerifyPasswordRequest>,
    ) -> Result<Response<wire::VerifyPasswordResponse>, Status> {
        let request = request.into_inner();
        let login = Login {
            tenant: request.tenant,
            username: request.username,
            password: Secret::new(request.password),
            client_id: request.client_id,
            client_secret: Secret::new(request.client_secret),
            origin: Origin { address: request.address, request_id: request.request_id },
        };
        let outcome = self.app.log_in(login).await.map_err(status)?;
        Ok(Response::new(wire::VerifyPasswordResponse { outcome: Some(render::login(&outcome)) }))
    }

    async fn verify_client(
        &self,
        request: Request<wire::VerifyClientRequest>,
    ) -> Result<Response<wire::VerifyClientResponse>, Status> {
        use wire::verify_client_response::Outcome;

        let request = request.into_inner();
        let secret = Secret::new(request.client_secret);
        let checked = self.app.verify_client(request.tenant, request.client_id, secret).await.map_err(status)?;
        let outcome = match checked {
            ClientCheck::Verified(view, secret) => Outcome::Verified(wire::VerifiedClient {
                application: Some(render::application(&view)),
                secret_id: secret.to_string(),
            }),
            ClientCheck::Wrong => Outcome::Refused(render::refused(wire::Refusal::WrongClient, 0)),
        };
        Ok(Response::new(wire::VerifyClientResponse { outcome: Some(outcome) }))
    }

    async fn find_application(
        &self,
        request: Request<wire::FindApplicationRequest>,
    ) -> Result<Response<wire::FindApplicationResponse>, Status> {
        let id = ApplicationId::parse(&request.get_ref().id).map_err(invalid)?;
        let found = self.app.find_application(id).await.map_err(status)?;
        let application = found.filter(|view| view.tenant.active).map(|view| render::application(&view));
        Ok(Response::new(wire::FindApplicationResponse { application }))
    }

    async fn find_subject(
        &self,
        request: Request<wire::FindSubjectRequest>,
    ) -> Result<Response<wire::FindSubjectResponse>, Status> {
        use wire::find_subject_request::Subject;

        let request = request.into_inner();
        let tenant = TenantId::parse(&request.tenant_id).map_err(invalid)?;
        let who = match request.subject.ok_or_else(|| Status::invalid_argument("no subject is named"))? {
            Subject::UserId(id) => Who::User(UserId::parse(&id).map_err(invalid)?),
            Subject::Username(name) => Who::Username(name),
            Subject::ApplicationId(id) => Who::Application(ApplicationId::parse(&id).map_err(invalid)?),
        };
        let found = self.app.find_subject(tenant, who).await.map_err(status)?;
        Ok(Response::new(wire::FindSubjectResponse { subject: found.as_ref().map(render::subject) }))
    }

    async fn report_use(
        &self,
        request: Request<wire::ReportUseRequest>,
    ) -> Result<Response<wire::ReportUseResponse>, Status> {
        let uses = request.into_inner().uses;
        if uses.len() > MOST_USES {
            return Err(Status::invalid_argument("a report holds at most 10000 uses"));
        }
        let parsed: Result<Vec<SecretUse>, Status> = uses
            .into_iter()
            .map(|used| {
                let secret = SecretId::parse(&used.secret_id).map_err(invalid)?;
                let last_used_at = Timestamp::from_micros(used.last_used_at);
                Ok(SecretUse { secret, last_used_at, tokens: used.tokens })
            })
            .collect();
        self.app.record_use(parsed?).await.map_err(status)?;
        Ok(Response::new(wire::ReportUseResponse {}))
    }

    async fn watch(&self, request: Request<wire::WatchRequest>) -> Result<Response<Events>, Status> {
        let asked = request.get_ref().history_seconds;
        if u64::from(asked) > client::HISTORY.as_secs() {
            return Err(Status::invalid_argument("so long a history is not kept"));
        }
        Ok(Response::new(watch(Arc::clone(&self.app), self.stop.clone())))
    }
}

fn status(failure: Failure) -> Status {
    to_status(&failure)
}

fn invalid(reason: domain::id::InvalidId) -> Status {
    Status::invalid_argument(format!("an id {reason}"))
}
