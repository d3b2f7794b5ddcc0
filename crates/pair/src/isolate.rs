//! Walks every operation of an API document as the administrator of another tenant, with real ids of this one.

use serde_json::{Map, Value, json};
use testkit::{Answer, Api};
use utoipa::openapi::OpenApi;

use crate::walk::operations;
use crate::{Pair, Person};

/// An id that nothing has.
const NOTHING: &str = "0198c0de-0000-7000-8000-000000000001";

/// Everything of one tenant that a path or a body may name.
struct Things {
    tenant: String,
    user: String,
    group: String,
    role: String,
    application: String,
    secret: String,
    session: String,
}

/// Tries every operation that asks for a token as a stranger, with ids of the first tenant wherever a path takes one and
/// names of it in the bodies; returns how many there were.
///
/// Where a path names anything of the first tenant, the answer is a refusal, and the same to the letter as for an id that
/// nothing has. No answer holds anything of the first tenant. Under the first tenant's own paths every answer is the 401 of
/// a token that is no good. Bodies are made from the document, so an operation that is new is tried without a change here.
pub async fn isolate(pair: &Pair, api: &Api, document: &OpenApi, prefix: &str) -> usize {
    let invalid = if prefix == "AUT" { "AUT-0007" } else { "IDE-0009" };
    let ours = Things::of_first_tenant(pair).await;
    let stranger = pair.stranger().await;
    let theirs = Things::of_stranger(pair, &stranger).await;
    let document = serde_json::to_value(document).unwrap();
    let mut walked = 0;
    for (method, template, needs_token) in operations(&document) {
        if !needs_token {
            continue;
        }
        walked += 1;
        let named = body_of(&document, &method, &template, &ours);
        let unnamed = body_of(&document, &method, &template, &Things::nothing());
        for choice in choices(&template) {
            let ask = async |path: &str, body: &Option<Value>| {
                // Some operations end the session of who asks, so everybody asks once.
                let tokens = pair.log_in(&stranger.username, &stranger.password).await.expect(200);
                let call = api.call(&method, path).bearer(&tokens.text_of("accessToken"));
                if let Some(body) = body { call.json(body).send().await } else { call.send().await }
            };
            let path = fill(&template, &choice, &ours, &theirs);
            let answer = ask(&path, &named).await;
            ours.are_not_in(&answer, &method, &path);
            if choice.contains(&Whose::Ours) || named != unnamed {
                assert!((400..500).contains(&answer.status), "{method} {path}: {}", answer.text);
                let absent = ask(&fill(&template, &choice, &Things::nothing(), &theirs), &unnamed).await;
                assert_eq!((answer.status, answer.text), (absent.status, absent.text), "{method} {path}");
            }
            let answer = ask(&format!("/t/lerian{path}"), &named).await;
            ours.are_not_in(&answer, &method, &path);
            answer.refused(401, invalid);
        }
    }
    walked
}

/// Whose thing a part of a path names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Theirs,
}

impl Things {
    async fn of_first_tenant(pair: &Pair) -> Self {
        let administrator = pair.administrator().await;
        let body = json!({ "id": "first-desk", "name": "Desk of the First" });
        pair.identity.post("/v1/groups").bearer(administrator.token()).json(&body).send().await.expect(201);
        let body = json!({ "id": "first-clerk", "name": "Clerk of the First" });
        pair.identity.post("/v1/roles").bearer(administrator.token()).json(&body).send().await.expect(201);
        let person = pair.person("ana.of-the-first", &["first-desk"]).await;
        let application = pair.application("midaz").await;
        let mut things = Self::of_people(pair, &administrator, &person).await;
        things.application = application.id;
        things.secret = secret_of(pair, &administrator, &things.application).await;
        things
    }

    async fn of_stranger(pair: &Pair, stranger: &Person) -> Self {
        let mut things = Self::of_people(pair, stranger, stranger).await;
        let body = json!({ "id": "own-desk", "name": "Own Desk" });
        pair.identity.post("/v1/groups").bearer(stranger.token()).json(&body).send().await.expect(201);
        let body = json!({ "id": "own-clerk", "name": "Own Clerk" });
        pair.identity.post("/v1/roles").bearer(stranger.token()).json(&body).send().await.expect(201);
        let body = json!({ "name": "midaz", "description": "Own" });
        let made = pair.identity.post("/v1/applications").bearer(stranger.token()).json(&body).send().await.expect(201);
        things.group = "own-desk".to_owned();
        things.role = "own-clerk".to_owned();
        things.application = made.text_of("id");
        things.secret = secret_of(pair, stranger, &things.application).await;
        things
    }

    async fn of_people(pair: &Pair, administrator: &Person, person: &Person) -> Self {
        let path = format!("/v1/users/{}/sessions", person.id);
        let sessions = pair.auth.get(&path).bearer(administrator.token()).send().await.expect(200);
        Self {
            tenant: tenant_of(administrator),
            user: person.id.clone(),
            group: "first-desk".to_owned(),
            role: "first-clerk".to_owned(),
            application: String::new(),
            secret: String::new(),
            session: sessions.body[0]["id"].as_str().unwrap().to_owned(),
        }
    }

    fn nothing() -> Self {
        let nothing = || NOTHING.to_owned();
        Self {
            tenant: nothing(),
            user: nothing(),
            group: "no-such-desk".to_owned(),
            role: "no-such-clerk".to_owned(),
            application: nothing(),
            secret: nothing(),
            session: nothing(),
        }
    }

    /// What stands behind a segment of a path, such as `users`; a kind that is not known here is a user's id.
    fn behind(&self, segment: &str) -> &str {
        match segment {
            "tenants" => &self.tenant,
            "groups" => &self.group,
            "roles" => &self.role,
            "applications" => &self.application,
            "secrets" => &self.secret,
            "sessions" => &self.session,
            _ => &self.user,
        }
    }

    #[track_caller]
    fn are_not_in(&self, answer: &Answer, method: &str, path: &str) {
        let Self { tenant, user, group: _, role: _, application, secret, session } = self;
        for mark in
            [tenant, user, application, secret, session, "ana.of-the-first", "Desk of the First", "Clerk of the First"]
        {
            let headers = format!("{:?}", answer.headers);
            assert!(!answer.text.contains(mark) && !headers.contains(mark), "{method} {path}: {}", answer.text);
        }
    }
}

/// The id of a person's tenant, from the claims of their token.
fn tenant_of(person: &Person) -> String {
    let claims = person.token().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&base64url(claims)).unwrap();
    claims["tenantId"].as_str().unwrap().to_owned()
}

fn base64url(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()
}

async fn secret_of(pair: &Pair, administrator: &Person, application: &str) -> String {
    let path = format!("/v1/applications/{application}");
    let found = pair.identity.get(&path).bearer(administrator.token()).send().await.expect(200);
    found.body["secrets"][0]["id"].as_str().unwrap().to_owned()
}

/// Every way to fill the parameters of a path with ours and theirs, but for theirs alone; a path without any is asked once.
fn choices(template: &str) -> Vec<Vec<Whose>> {
    let parameters = template.matches('{').count();
    let ways = 1_u32 << parameters;
    let way = |bits: u32| {
        (0..parameters).map(move |place| if bits >> place & 1 == 0 { Whose::Ours } else { Whose::Theirs }).collect()
    };
    if parameters == 0 { vec![Vec::new()] } else { (0..ways - 1).map(way).collect() }
}

/// Fills the parameters of a path, each with what stands behind the segment before it.
fn fill(template: &str, choice: &[Whose], ours: &Things, theirs: &Things) -> String {
    let mut whose = choice.iter();
    let mut kind = "";
    let filled = template.split('/').map(|segment| {
        if !segment.starts_with('{') {
            kind = segment;
            return segment.to_owned();
        }
        match whose.next().unwrap() {
            Whose::Ours => ours.behind(kind).to_owned(),
            Whose::Theirs => theirs.behind(kind).to_owned(),
        }
    });
    filled.collect::<Vec<_>>().join("/")
}

/// A body that the operation accepts, made from its schema, with ids of the first tenant where it takes any.
fn body_of(document: &Value, method: &str, template: &str, ours: &Things) -> Option<Value> {
    let operation = &document["paths"][template][method.to_lowercase()];
    let schema = operation["requestBody"]["content"]["application/json"].get("schema")?;
    Some(value_of(document, schema, "", ours))
}

fn value_of(document: &Value, schema: &Value, name: &str, ours: &Things) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let found = document.pointer(reference.trim_start_matches('#')).unwrap();
        return value_of(document, found, name, ours);
    }
    for alternatives in ["oneOf", "anyOf", "allOf"] {
        if let Some(schemas) = schema[alternatives].as_array() {
            let chosen = schemas.iter().find(|schema| schema["type"] != "null").unwrap();
            return value_of(document, chosen, name, ours);
        }
    }
    match name {
        "groups" if schema.get("items").is_some() => return json!([ours.group]),
        "userId" | "user" | "sub" => return json!(ours.user),
        "applicationId" => return json!(ours.application),
        "sessionId" => return json!(ours.session),
        _ => {}
    }
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "string" if schema["format"] == "password" => json!("Correct-horse-7-battery"),
        "string" => json!("x"),
        "boolean" => json!(true),
        "integer" | "number" => json!(600),
        "array" => json!([value_of(document, &schema["items"], "", ours)]),
        _ => {
            let members = schema["properties"].as_object().into_iter().flatten();
            let members = members.map(|(name, schema)| (name.clone(), value_of(document, schema, name, ours)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}
