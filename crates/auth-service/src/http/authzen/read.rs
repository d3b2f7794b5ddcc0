//! Reads the bodies of AuthZEN. What it does not know it passes over (§5): a later version may say more.

use ::auth::question::Question;
use domain::product::canonical;
use error_codes::{Failure, Result, aut};
use serde_json::{Map, Value};
use service_kit::http::JsonBody;

/// The most questions of one request.
const MOST_EVALUATIONS: usize = 1_000;
/// The members of a question.
const PARTS: [&str; 4] = ["subject", "action", "resource", "context"];

/// A question.
#[derive(Debug)]
pub(super) struct Evaluation {
    subject_type: String,
    subject_id: String,
    product: Option<String>,
    resource: String,
    action: String,
    /// The address of the caller.
    pub(super) client_ip: Option<String>,
}

/// When the questions of a list are at an end (§7.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Semantic {
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

/// The body of many questions.
#[derive(Debug)]
pub(super) enum Batch {
    /// Without a list: one question.
    One(Evaluation),
    /// With a list; an entry that lacks something is an error of its own.
    Many(Vec<Result<Evaluation>>, Semantic),
}

impl Semantic {
    /// Whether nothing is asked after this decision.
    pub(super) const fn ends_with(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }

    fn parse(options: Option<&Value>) -> Result<Self> {
        let refuse = |name: &str, reason: &str| Err(Failure::new(aut::BAD_REQUEST).with_field(name, reason));
        let named = match options {
            None | Some(Value::Null) => None,
            Some(Value::Object(options)) => options.get("evaluations_semantic"),
            Some(_) => return refuse("options", "must be an object"),
        };
        match named.map(Value::as_str) {
            None | Some(Some("execute_all")) => Ok(Self::ExecuteAll),
            Some(Some("deny_on_first_deny")) => Ok(Self::DenyOnFirstDeny),
            Some(Some("permit_on_first_permit")) => Ok(Self::PermitOnFirstPermit),
            Some(_) => refuse(
                "options.evaluations_semantic",
                "must be execute_all, deny_on_first_deny or permit_on_first_permit",
            ),
        }
    }
}

impl Evaluation {
    /// Reads one question.
    ///
    /// # Errors
    /// AUT-0001 for what is not there, AUT-0009 for what has another type; each named by its place.
    pub(super) fn read(body: JsonBody) -> Result<Self> {
        Self::parse(&parts(body), None, "")
    }

    /// A question whose parts are `own`, or else `common`.
    fn parse(own: &Map<String, Value>, common: Option<&Map<String, Value>>, place: &str) -> Result<Self> {
        let part = |name: &str| {
            let value = own.get(name).filter(|value| !value.is_null()).or_else(|| common?.get(name));
            match value {
                None | Some(Value::Null) => Ok(None),
                Some(Value::Object(members)) => Ok(Some(members)),
                Some(_) => {
                    Err(Failure::new(aut::BAD_REQUEST).with_field(format!("{place}{name}"), "must be an object"))
                }
            }
        };
        let text = |part_name: &str, name: &str| {
            let place = format!("{place}{part_name}.{name}");
            match part(part_name)?.and_then(|members| members.get(name)) {
                None | Some(Value::Null) => Err(Failure::new(aut::MISSING_FIELDS).with_field(&place, "is required")),
                Some(Value::String(text)) if text.is_empty() => {
                    Err(Failure::new(aut::MISSING_FIELDS).with_field(&place, "is required"))
                }
                Some(Value::String(text)) => Ok(text.clone()),
                Some(_) => Err(Failure::new(aut::BAD_REQUEST).with_field(&place, "must be a string")),
            }
        };
        // The id is asked for by the standard, and decides nothing here.
        text("resource", "id")?;
        let properties = part("resource")?.and_then(|resource| resource.get("properties"));
        let product = properties.and_then(|properties| properties.get("product")).and_then(Value::as_str);
        Ok(Self {
            subject_type: text("subject", "type")?,
            subject_id: text("subject", "id")?,
            product: product.filter(|product| !product.is_empty()).map(ToOwned::to_owned),
            resource: text("resource", "type")?,
            action: text("action", "name")?,
            client_ip: part("context")?.and_then(|context| context.get("clientIp")?.as_str()).map(ToOwned::to_owned),
        })
    }

    /// Whom it is about, as every door names subjects; `None` for a type of subject that is not known here.
    pub(super) fn subject(&self) -> Option<String> {
        matches!(self.subject_type.as_str(), "user" | "application").then(|| self.subject_id.clone())
    }

    /// Whether the subject is said to be a person.
    pub(super) fn is_about_person(&self) -> bool {
        self.subject_type == "user"
    }

    /// What is asked.
    pub(super) fn question(&self) -> Question<'_> {
        let product = self.product.as_deref().map(canonical);
        Question { product, resource: &self.resource, action: &self.action }
    }
}

impl Batch {
    /// Reads many questions.
    ///
    /// # Errors
    /// AUT-0009 for a body that is none, AUT-0018 for too many; without a list as [`Evaluation::read`].
    pub(super) fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        let [entries, options] = ["evaluations", "options"].map(|name| members.take(name));
        let common = PARTS.into_iter().filter_map(|name| Some((name.to_owned(), members.take(name)?))).collect();
        let semantic = Semantic::parse(options.as_ref())?;
        let entries = match entries {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err(Failure::new(aut::BAD_REQUEST).with_field("evaluations", "must be a list")),
        };
        if entries.is_empty() {
            return Evaluation::parse(&common, None, "").map(Self::One);
        }
        if entries.len() > MOST_EVALUATIONS {
            let reason = format!("must hold at most {MOST_EVALUATIONS} questions");
            return Err(Failure::new(aut::REQUEST_TOO_LARGE).with_field("evaluations", reason));
        }
        let read = |(index, entry): (usize, &Value)| {
            let place = format!("evaluations[{index}]");
            match entry.as_object() {
                Some(own) => Evaluation::parse(own, Some(&common), &format!("{place}.")),
                None => Err(Failure::new(aut::BAD_REQUEST).with_field(&place, "must be an object")),
            }
        };
        Ok(Self::Many(entries.iter().enumerate().map(read).collect(), semantic))
    }
}

fn parts(body: JsonBody) -> Map<String, Value> {
    let mut members = body.members();
    PARTS.into_iter().filter_map(|name| Some((name.to_owned(), members.take(name)?))).collect()
}
