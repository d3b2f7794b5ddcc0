//! The Authorization API of OpenID AuthZEN 1.0: another dialect of the same questions.

mod read;

use std::collections::HashMap;

use ::auth::question::{Answer, Denial};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use domain::permission::Grant;
use error_codes::{Failure, Result, aut};
use serde::Serialize;
use serde_json::{Value, json};
use service_kit::http::{Caller, Context, HttpResult, JsonBody, StrictCaller};
use utoipa::ToSchema;

use self::read::{Batch, Evaluation};
use super::origin;
use crate::app::permissions::{Asking, Consulted};
use crate::app::{App, Origin};

/// A question (§6.1). Members that are not listed are passed over.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the body; the edge reads it member by member")]
struct AuthzenEvaluation {
    subject: AuthzenSubject,
    action: AuthzenAction,
    resource: AuthzenResource,
    /// `clientIp`: the address of the caller, which decides where the tenant admits only some networks.
    context: Option<HashMap<String, Value>>,
}

/// Whom it is about.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the body; the edge reads it member by member")]
struct AuthzenSubject {
    /// `user` or `application`; of any other type nobody is allowed anything.
    #[schema(example = "user")]
    r#type: String,
    /// The id or the username of a person; the id of an application, or its own `sub`.
    #[schema(example = "ana")]
    id: String,
}

/// To do what.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the body; the edge reads it member by member")]
struct AuthzenAction {
    #[schema(example = "get")]
    name: String,
}

/// On what.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the body; the edge reads it member by member")]
struct AuthzenResource {
    /// The resource of the permission.
    #[schema(example = "ledgers")]
    r#type: String,
    /// Decides nothing: permissions are about kinds of things.
    #[schema(example = "7")]
    id: String,
    /// `product`: whose permissions count; absent for any.
    properties: Option<HashMap<String, Value>>,
}

/// Many questions (§7.1): what an entry does not say is said beside the list.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the body; the edge reads it member by member")]
struct AuthzenEvaluations {
    subject: Option<AuthzenSubject>,
    action: Option<AuthzenAction>,
    resource: Option<AuthzenResource>,
    context: Option<HashMap<String, Value>>,
    #[schema(max_items = 1000)]
    evaluations: Option<Vec<Value>>,
    /// `evaluations_semantic`: `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`.
    options: Option<HashMap<String, Value>>,
}

/// The answer to one question.
#[derive(Serialize, ToSchema)]
struct AuthzenDecision {
    decision: bool,
    /// `grant`, the permission that allowed it and its way, or `reason`, why not; and `revision`, what the answer rests on.
    context: Value,
}

/// The answers to many questions, in their order.
#[derive(Serialize, ToSchema)]
struct AuthzenDecisions {
    evaluations: Vec<AuthzenDecision>,
}

/// Evaluate one question (AuthZEN 1.0 §6)
#[utoipa::path(
    path = "/access/v1/evaluation",
    tag = "Authorization API",
    request_body = AuthzenEvaluation,
    responses(
        (status = 200, description = "The decision, also a no", body = AuthzenDecision),
        (status = 400, description = "AUT-0001, AUT-0009"),
        (status = 401, description = "AUT-0006, AUT-0007"),
        (status = 403, description = "AUT-0017: a question about somebody else"),
        (status = 413, description = "AUT-0020"),
        (status = 503, description = "AUT-0016"),
    ),
    security(("bearer" = []))
)]
#[post("/evaluation")]
pub(super) async fn evaluate(
    app: web::Data<App>,
    caller: StrictCaller,
    context: Context,
    body: JsonBody,
) -> HttpResult {
    let evaluation = Evaluation::read(body)?;
    let mut session = Session::new(&app, &caller.0, origin(context));
    Ok(answer(&session.decide(&evaluation).await?))
}

/// Evaluate many questions (AuthZEN 1.0 §7)
#[utoipa::path(
    path = "/access/v1/evaluations",
    tag = "Authorization API",
    request_body = AuthzenEvaluations,
    responses(
        (status = 200, description = "The decisions; one decision alone where no list was sent", body = AuthzenDecisions),
        (status = 400, description = "AUT-0001, AUT-0009"),
        (status = 401, description = "AUT-0006, AUT-0007"),
        (status = 403, description = "AUT-0017: a question about somebody else"),
        (status = 413, description = "AUT-0020: over 1000 questions, or about over 100 subjects"),
        (status = 503, description = "AUT-0016"),
    ),
    security(("bearer" = []))
)]
#[post("/evaluations")]
pub(super) async fn evaluate_many(
    app: web::Data<App>,
    caller: StrictCaller,
    context: Context,
    body: JsonBody,
) -> HttpResult {
    let mut session = Session::new(&app, &caller.0, origin(context));
    let (entries, semantic) = match Batch::read(body)? {
        Batch::One(evaluation) => return Ok(answer(&session.decide(&evaluation).await?)),
        Batch::Many(entries, semantic) => (entries, semantic),
    };
    let mut evaluations = Vec::with_capacity(entries.len());
    for entry in entries {
        let decided = match entry {
            Ok(evaluation) => session.decide(&evaluation).await?,
            Err(failure) => AuthzenDecision::error(&failure),
        };
        let is_last = semantic.ends_with(decided.decision);
        evaluations.push(decided);
        if is_last {
            break;
        }
    }
    Ok(answer(&AuthzenDecisions { evaluations }))
}

/// Where the Authorization API is (AuthZEN 1.0 §9)
#[utoipa::path(
    path = "/.well-known/authzen-configuration",
    tag = "Authorization API",
    responses((status = 200, description = "The endpoints")),
    security(())
)]
#[get("/.well-known/authzen-configuration")]
pub(super) async fn metadata(app: web::Data<App>) -> HttpResponse {
    endpoints(&app.issuers.of(app.issuers.default_tenant()))
}

/// The same of a tenant; the well-known part stands between the host and the path of its issuer.
#[get("/.well-known/authzen-configuration/t/{tenant}")]
pub(super) async fn metadata_of_tenant(app: web::Data<App>, request: HttpRequest) -> HttpResult {
    let tenant = request.match_info().get("tenant").unwrap_or_default();
    let tenant = domain::Slug::parse(tenant).map_err(|_| aut::ROUTE_NOT_FOUND)?;
    Ok(endpoints(&app.issuers.of(&tenant)))
}

fn endpoints(issuer: &str) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(json!({
        "policy_decision_point": issuer,
        "access_evaluation_endpoint": format!("{issuer}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{issuer}/access/v1/evaluations"),
    }))
}

/// An answer is about this moment.
fn answer(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body)
}

/// The most subjects that the questions of one request are about.
const MOST_SUBJECTS: usize = 100;

/// The questions of one request; each subject is looked for once.
struct Session<'a> {
    app: &'a App,
    caller: &'a Caller,
    origin: Origin,
    /// `None` where nobody has the name.
    consulted: HashMap<(String, Option<String>), Option<Consulted>>,
}

impl<'a> Session<'a> {
    fn new(app: &'a App, caller: &'a Caller, origin: Origin) -> Self {
        Self { app, caller, origin, consulted: HashMap::new() }
    }

    /// Decides one question.
    ///
    /// # Errors
    /// What is about the caller, and not about the question: AUT-0017, AUT-0007, AUT-0016, AUT-0020.
    async fn decide(&mut self, evaluation: &Evaluation) -> Result<AuthzenDecision> {
        let Some(sub) = evaluation.subject() else {
            return Ok(AuthzenDecision { decision: false, context: json!({ "reason": "subject_type" }) });
        };
        let key = (sub, evaluation.client_ip.clone());
        if !self.consulted.contains_key(&key) {
            if self.consulted.len() >= MOST_SUBJECTS {
                let reason = format!("must be about at most {MOST_SUBJECTS} subjects");
                return Err(Failure::new(aut::REQUEST_TOO_LARGE).with_field("evaluations", reason));
            }
            let asking = Asking { token: &self.caller.token, sub: Some(&key.0), client_ip: key.1.as_deref() };
            let consulted = match self.app.consult(asking, &self.origin).await {
                Ok(consulted) => Some(consulted),
                Err(failure) if failure.code() == aut::SUBJECT_NOT_FOUND => None,
                Err(failure) => return Err(failure),
            };
            self.consulted.insert(key.clone(), consulted);
        }
        let found = self.consulted.get(&key).and_then(Option::as_ref);
        Ok(match found.filter(|consulted| consulted.is_person() == evaluation.is_about_person()) {
            Some(consulted) => AuthzenDecision::of(consulted, evaluation),
            None => AuthzenDecision::error(&Failure::new(aut::SUBJECT_NOT_FOUND)),
        })
    }
}

impl AuthzenDecision {
    fn of(consulted: &Consulted, evaluation: &Evaluation) -> Self {
        let revision = consulted.revision();
        match consulted.answer(evaluation.question()) {
            Answer::Authorized(grant) => {
                Self { decision: true, context: json!({ "grant": shown(grant), "revision": revision }) }
            }
            Answer::Denied(denial) => {
                Self { decision: false, context: json!({ "reason": Denial::reason(denial), "revision": revision }) }
            }
        }
    }

    /// A question that has no answer is answered with no, and with why (§7.2.1).
    fn error(failure: &Failure) -> Self {
        let code = failure.code();
        let error = json!({ "status": code.kind().http_status(), "code": code.number(), "message": code.message() });
        Self { decision: false, context: json!({ "error": error }) }
    }
}

fn shown(Grant { product, resource, action, way }: Grant<'_>) -> Value {
    let name = |slug: &Option<domain::Slug>| slug.as_ref().map(ToString::to_string);
    json!({
        "product": product, "resource": resource, "action": action, "group": name(&way.group), "role": name(&way.role),
    })
}
