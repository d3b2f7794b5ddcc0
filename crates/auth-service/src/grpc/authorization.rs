//! `auth.v1.Authorization`: questions of internal services about what subjects may do.

use std::sync::Arc;

use ::auth::question::{Answer, Denial, Question};
use contracts::auth::v1 as wire;
use contracts::auth::v1::authorization_server::Authorization;
use domain::permission::{Grant, Way};
use domain::product::canonical;
use domain::token::AccessToken;
use error_codes::{Failure, Result, aut};
use service_kit::grpc::to_status;
use tonic::{Request, Response, Status};

use super::{origin, verify};
use crate::app::permissions::{Asking, Consulted};
use crate::app::{App, Origin};

/// The most questions of one call.
const MOST_QUESTIONS: usize = 1_000;

/// Answers internal services.
pub struct AuthorizationService {
    app: Arc<App>,
}

impl AuthorizationService {
    pub(super) fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    async fn consult(&self, asking: Option<wire::Asking>, origin: &Origin) -> Result<Consulted> {
        let asking = asking.unwrap_or_default();
        let token = verify(&self.app, &asking.access_token)?;
        let asking = Asking { token: &token, sub: Some(&asking.subject), client_ip: Some(&asking.client_ip) };
        self.app.consult(asking, origin).await
    }
}

#[tonic::async_trait]
impl Authorization for AuthorizationService {
    async fn check(&self, request: Request<wire::CheckRequest>) -> Result<Response<wire::CheckResponse>, Status> {
        let origin = origin(&request);
        let wire::CheckRequest { asking, question } = request.into_inner();
        let question = question.unwrap_or_default();
        let question = read(&question).map_err(status)?;
        let consulted = self.consult(asking, &origin).await.map_err(status)?;
        let decision = Some(decision(consulted.answer(question)));
        let valid_until = valid_until(&consulted);
        Ok(Response::new(wire::CheckResponse { decision, revision: consulted.revision(), valid_until }))
    }

    async fn batch_check(
        &self,
        request: Request<wire::BatchCheckRequest>,
    ) -> Result<Response<wire::BatchCheckResponse>, Status> {
        let origin = origin(&request);
        let wire::BatchCheckRequest { asking, questions } = request.into_inner();
        if questions.len() > MOST_QUESTIONS {
            return Err(status(Failure::new(aut::REQUEST_TOO_LARGE).with_field("questions", "at most 1000")));
        }
        let questions = questions.iter().map(read).collect::<Result<Vec<_>>>().map_err(status)?;
        let consulted = self.consult(asking, &origin).await.map_err(status)?;
        let decisions = questions.into_iter().map(|question| decision(consulted.answer(question))).collect();
        let valid_until = valid_until(&consulted);
        Ok(Response::new(wire::BatchCheckResponse { decisions, revision: consulted.revision(), valid_until }))
    }

    async fn introspect(
        &self,
        request: Request<wire::IntrospectRequest>,
    ) -> Result<Response<wire::IntrospectResponse>, Status> {
        let verified = verify(&self.app, &request.get_ref().access_token);
        let answer = match verified {
            Ok(token) => self.app.subject_of(&token).await.map(|_| introspection(&token)),
            Err(failure) => Err(failure),
        };
        // That a token is not good is an answer (RFC 7662 §2.2), whatever is wrong with it.
        let inactive = |failure: Failure| match failure.code() {
            code if code == aut::INVALID_TOKEN || code == aut::TOKEN_MISSING => Ok(wire::IntrospectResponse::default()),
            _ => Err(status(failure)),
        };
        answer.or_else(inactive).map(Response::new)
    }

    async fn list_permissions(
        &self,
        request: Request<wire::ListPermissionsRequest>,
    ) -> Result<Response<wire::ListPermissionsResponse>, Status> {
        let token = verify(&self.app, &request.get_ref().access_token).map_err(status)?;
        let subject = self.app.subject_of(&token).await.map_err(status)?;
        let held = &subject.permissions;
        let mut permissions: Vec<_> = held.grants().collect();
        permissions.sort_unstable_by_key(|grant| (grant.product, grant.resource, grant.action));
        Ok(Response::new(wire::ListPermissionsResponse {
            permissions: permissions.into_iter().map(grant).collect(),
            revision: held.revision(),
            valid_until: held.valid_until().map(domain::Timestamp::micros),
        }))
    }
}

fn read(question: &wire::Question) -> Result<Question<'_>> {
    for (name, text) in [("resource", &question.resource), ("action", &question.action)] {
        if text.is_empty() {
            return Err(Failure::new(aut::MISSING_FIELDS).with_field(name, "is required"));
        }
    }
    let product = Some(question.product.as_str()).filter(|product| !product.is_empty()).map(canonical);
    Ok(Question { product, resource: &question.resource, action: &question.action })
}

fn valid_until(consulted: &Consulted) -> Option<i64> {
    consulted.valid_until().map(domain::Timestamp::micros)
}

fn decision(answer: Answer<'_>) -> wire::Decision {
    match answer {
        Answer::Authorized(by) => {
            wire::Decision { authorized: true, reason: wire::Reason::Unspecified.into(), grant: Some(grant(by)) }
        }
        Answer::Denied(denial) => wire::Decision { authorized: false, reason: reason(denial).into(), grant: None },
    }
}

fn reason(denial: Denial) -> wire::Reason {
    match denial {
        Denial::Permission => wire::Reason::Permission,
        Denial::Suspended => wire::Reason::Suspended,
        Denial::Network => wire::Reason::Network,
    }
}

fn grant(Grant { product, resource, action, way }: Grant<'_>) -> wire::Grant {
    let Way { group, role, .. } = way;
    let name = |slug: &Option<domain::Slug>| slug.as_ref().map(ToString::to_string).unwrap_or_default();
    wire::Grant {
        product: product.to_owned(),
        resource: resource.to_owned(),
        action: action.to_owned(),
        group: name(group),
        role: name(role),
    }
}

fn introspection(token: &AccessToken) -> wire::IntrospectResponse {
    wire::IntrospectResponse {
        active: true,
        sub: token.sub.clone(),
        client_id: token.client_id.clone(),
        scope: token.scopes.to_string(),
        exp: token.expires_at.seconds(),
        iat: token.issued_at.seconds(),
        jti: token.id.to_string(),
        owner: token.owner.to_string(),
        tenant_id: token.tenant.to_string(),
        r#type: token.type_name().to_owned(),
        username: token.name.clone(),
        session_id: token.session.to_string(),
    }
}

fn status(failure: Failure) -> Status {
    to_status(&failure)
}
