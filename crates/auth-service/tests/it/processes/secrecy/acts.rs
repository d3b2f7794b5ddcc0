//! Everything that needs a secret.

use contracts::identity::v1 as wire;
use contracts::identity::v1::identity_client::IdentityClient;
use serde_json::{Value, json};
use testkit::{Answer, Call};
use tonic::Request;
use tonic::transport::Channel;

use super::super::fleet::{ADMINISTRATOR_PASSWORD, Fleet, PASSWORD, user};
use super::found::Secrets;

const TOKEN: &str = "/v1/login/oauth/access_token";
const REFRESH: &str = "/v1/login/oauth/refresh_token";
/// With everything that is escaped somewhere.
const ODD_PASSWORD: &str = "Sécret \"quoted\" 7+horse/&=%\\";
const CHANGED_PASSWORD: &str = "Changed-horse-8-battery";
const RESET_PASSWORD: &str = "Reset-horse-9-staple";
const RECOVERED_PASSWORD: &str = "Recovered-horse-5-staple";
const TENANT_PASSWORD: &str = "Tenant-horse-6-staple";

/// What is done, and what came of it.
pub(super) struct Acts<'a> {
    fleet: &'a Fleet,
    /// What must be told nowhere.
    pub(super) secrets: Secrets,
    /// What only the audit trail may tell.
    pub(super) personal: Secrets,
    /// What operators are shown.
    pub(super) shown: Vec<(&'static str, String)>,
    /// The ids of all requests.
    pub(super) requests: Vec<String>,
    administrator: String,
    person: (String, Value),
}

impl<'a> Acts<'a> {
    pub(super) fn begin(fleet: &'a Fleet) -> Self {
        let mut secrets = Secrets::default();
        for (name, secret) in [
            ("the administrator's password", ADMINISTRATOR_PASSWORD),
            ("a password", PASSWORD),
            ("an odd password", ODD_PASSWORD),
            ("a changed password", CHANGED_PASSWORD),
            ("a reset password", RESET_PASSWORD),
            ("a recovered password", RECOVERED_PASSWORD),
            ("a tenant's password", TENANT_PASSWORD),
        ] {
            secrets.add(name, secret);
        }
        for name in ["auth-to-identity.secret", "identity-to-auth.secret", "auth.key", "identity.key"] {
            let text = std::fs::read_to_string(fleet.path(name)).unwrap();
            let key = text.trim().trim_start_matches("1:");
            secrets.add("a secret between the services, or a deployment key", key);
        }
        secrets.add("a deployment key of auth in hexadecimal digits", &"01".repeat(32));
        secrets.add("a deployment key of identity in hexadecimal digits", &"02".repeat(32));
        let mut personal = Secrets::default();
        for address in ["ana@example.com", "bruno@example.com"] {
            personal.add("an e-mail address", address);
        }
        let (administrator, person) = (String::new(), (String::new(), Value::Null));
        Self { fleet, secrets, personal, shown: Vec::new(), requests: Vec::new(), administrator, person }
    }

    /// Sends a request under an id of its own.
    async fn send(&mut self, call: Call) -> Answer {
        let id = format!("secrecy-{}", self.requests.len());
        self.requests.push(id.clone());
        call.header("x-request-id", &id).send().await
    }

    async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(self.fleet.auth(0).post(path).json(&body)).await
    }

    async fn administered(&mut self, method: &str, path: &str, body: Value) -> Answer {
        let call = self.fleet.identity(0).call(method, path).bearer(&self.administrator);
        self.send(call.json(&body)).await
    }

    fn keep(&mut self, tokens: &Value) {
        for member in ["accessToken", "refreshToken", "idToken"] {
            if let Some(token) = tokens[member].as_str() {
                self.secrets.add(member_name(member), token);
            }
        }
    }

    /// Whatever an answer shows once and never again.
    fn keep_what_is_secret(&mut self, answer: &Value) {
        for (member, value) in answer.as_object().into_iter().flatten() {
            match value {
                Value::String(secret) => {
                    if member.ends_with("ecret") || member.ends_with("assword") {
                        self.secrets.add("what an answer showed once", secret);
                    }
                }
                Value::Object(_) => self.keep_what_is_secret(value),
                Value::Array(values) => values.iter().for_each(|value| self.keep_what_is_secret(value)),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
    }

    async fn tokens(&mut self, username: &str, password: &str) -> Value {
        let body = json!({ "grantType": "password", "username": username, "password": password });
        let tokens = self.post(TOKEN, body).await.expect(200).body;
        self.keep(&tokens);
        tokens
    }

    /// A person logs in, is told who they are, and refreshes; a copied refresh token ends the session.
    pub(super) async fn log_in(&mut self) {
        let tokens = self.tokens("admin", ADMINISTRATOR_PASSWORD).await;
        let token = tokens["accessToken"].as_str().unwrap().to_owned();
        self.send(self.fleet.auth(0).get("/v1/userinfo").bearer(&token)).await.expect(200);
        let mut refresh = tokens["refreshToken"].clone();
        for _ in 0..2 {
            let refreshed = self.post(REFRESH, json!({ "refreshToken": refresh })).await.expect(200).body;
            self.keep(&refreshed);
            refresh = refreshed["refreshToken"].clone();
        }
        self.post(REFRESH, json!({ "refreshToken": tokens["refreshToken"] })).await.refused(400, "AUT-1005");
        self.administrator =
            self.tokens("admin", ADMINISTRATOR_PASSWORD).await["accessToken"].as_str().unwrap().to_owned();
    }

    /// Users are made, and passwords changed and reset.
    pub(super) async fn administer(&mut self) {
        self.administered("POST", "/v1/users", user("ana")).await.expect(201);
        let mut bruno = user("bruno");
        bruno["password"] = json!(ODD_PASSWORD);
        let id = self.administered("POST", "/v1/users", bruno).await.expect(201).text_of("id");
        let tokens = self.tokens("bruno", ODD_PASSWORD).await;
        let token = tokens["accessToken"].as_str().unwrap();
        let path = format!("/v1/users/{id}/update-password");
        let wrong = json!({ "oldPassword": CHANGED_PASSWORD, "newPassword": ODD_PASSWORD });
        self.send(self.fleet.identity(0).patch(&path).bearer(token).json(&wrong)).await.refused(400, "IDE-1017");
        let change = json!({ "oldPassword": ODD_PASSWORD, "newPassword": CHANGED_PASSWORD });
        self.send(self.fleet.identity(0).patch(&path).bearer(token).json(&change)).await.expect(204);
        self.send(self.fleet.auth(0).get("/v1/userinfo").bearer(token)).await.refused(401, "AUT-0007");
        let path = format!("/v1/users/{id}/reset-password");
        self.administered("PATCH", &path, json!({ "newPassword": RESET_PASSWORD })).await.expect(204);
        let short = json!({ "newPassword": "Short-7-sec" });
        self.administered("PATCH", &path, short).await.refused(400, "IDE-0020");
        let tokens = self.tokens("bruno", RESET_PASSWORD).await;
        self.person = (id, tokens);
        let tenant = json!({
            "name": "elsewhere", "administrator": { "password": TENANT_PASSWORD },
        });
        let made = self.administered("POST", "/v1/tenants", tenant).await.expect(201);
        self.keep_what_is_secret(&made.body);
    }

    /// Software gets tokens, with an old and a new secret.
    pub(super) async fn run_software(&mut self) {
        let body = json!({ "name": "midaz", "description": "A test" });
        let made = self.administered("POST", "/v1/applications", body).await.expect(201);
        let (id, client, first) = (made.text_of("id"), made.text_of("clientId"), made.text_of("clientSecret"));
        let path = format!("/v1/applications/{id}/secrets");
        let second = self.administered("POST", &path, json!({})).await.expect(201).text_of("clientSecret");
        let first_id = made.body["secrets"][0]["id"].as_str().unwrap();
        for secret in [&first, &second] {
            self.secrets.add("a client's secret", secret);
            self.secrets.add("a client's credentials", &format!("{client}:{secret}"));
            let body = json!({ "grantType": "client_credentials", "clientId": client, "clientSecret": secret });
            let tokens = self.post(TOKEN, body).await.expect(200).body;
            self.keep(&tokens);
            let refresh = json!({ "refreshToken": tokens["refreshToken"] });
            let refreshed = self.post(REFRESH, refresh).await;
            self.keep(&refreshed.body);
            let token = tokens["accessToken"].as_str().unwrap();
            self.send(self.fleet.auth(0).get("/v1/permissions").bearer(token)).await.expect(200);
        }
        self.send(self.fleet.identity(0).delete(&format!("{path}/{first_id}")).bearer(&self.administrator))
            .await
            .expect(204);
        let wrong = format!("{first}-wrong");
        self.secrets.add("a wrong client's secret", &wrong);
        for secret in [first, wrong] {
            let body = json!({ "grantType": "client_credentials", "clientId": client, "clientSecret": secret });
            self.post(TOKEN, body).await.refused(401, "AUT-1004");
        }
    }

    /// Secrets are wrong, in the wrong place, or in what nobody can read.
    pub(super) async fn go_wrong(&mut self) {
        for (name, secret) in [
            ("a wrong password", "Wrong-horse-3-staple"),
            ("a password in place of a name", "Misplaced-horse-2-staple"),
            ("a token that is none", "nonsense-token-of-somebody-else"),
            ("a token in a query", "token-in-a-query-of-a-request"),
            ("a secret in a path", "secret-in-a-path-of-a-request"),
            ("a secret in a body that is no JSON", "secret-in-a-body-that-is-none"),
            ("a secret under an unknown name", "secret-under-an-unknown-name"),
            ("basic credentials", "basic:credentials-of-somebody"),
            ("a secret in a cookie", "secret-in-a-cookie-of-a-client"),
        ] {
            self.secrets.add(name, secret);
        }
        let log_in = |username: &str, password: &str| json!({ "grantType": "password", "username": username, "password": password });
        self.post(TOKEN, log_in("bruno", "Wrong-horse-3-staple")).await.refused(401, "AUT-1002");
        self.post(TOKEN, log_in("nobody", "Wrong-horse-3-staple")).await.refused(401, "AUT-1002");
        self.post(TOKEN, log_in("Misplaced-horse-2-staple", "Wrong-horse-3-staple")).await.refused(401, "AUT-1002");
        let unknown = json!({ "grantType": "password", "username": "ana", "passwort": "secret-under-an-unknown-name" });
        self.post(TOKEN, unknown).await;
        self.post(REFRESH, json!({ "refreshToken": "nonsense-token-of-somebody-else" })).await;
        for body in ["{\"password\":\"secret-in-a-body-that-is-none", "secret-in-a-body-that-is-none"] {
            let call = self.fleet.auth(0).post(TOKEN).bytes("application/json", body);
            self.send(call).await;
            let call =
                self.fleet.identity(0).post("/v1/users").bearer(&self.administrator).bytes("application/json", body);
            self.send(call).await;
        }
        for api in [self.fleet.auth(0), self.fleet.identity(0)] {
            let me = if self.fleet.is_auth(api) { "/v1/userinfo" } else { "/v1/groups" };
            for call in [
                api.get(me).bearer("nonsense-token-of-somebody-else"),
                api.get(me).header("authorization", "Basic YmFzaWM6Y3JlZGVudGlhbHMtb2Ytc29tZWJvZHk="),
                api.get(me).header("cookie", "session=secret-in-a-cookie-of-a-client"),
                api.get(&format!("{me}?access_token=token-in-a-query-of-a-request")).bearer(&self.administrator),
                api.get("/v1/users/secret-in-a-path-of-a-request").bearer(&self.administrator),
                api.get("/no/such/secret-in-a-path-of-a-request"),
                api.get("/t/secret-in-a-path-of-a-request/v1/userinfo"),
            ] {
                self.send(call).await;
            }
        }
    }

    /// Somebody who is no service calls over gRPC.
    pub(super) async fn call_as_a_stranger(&mut self) {
        let wrong = "c0ffee".repeat(11);
        self.secrets.add("a wrong secret between the services", &wrong);
        let channel = Channel::from_shared(self.fleet.identity_grpc()).unwrap().connect().await.unwrap();
        let ask = async |secret: &str, id: &str| {
            let mut request = Request::new(wire::VerifyPasswordRequest {
                username: "bruno".to_owned(),
                password: RESET_PASSWORD.to_owned(),
                ..wire::VerifyPasswordRequest::default()
            });
            request.metadata_mut().insert("authorization", format!("Bearer {secret}").parse().unwrap());
            request.metadata_mut().insert("x-request-id", id.parse().unwrap());
            IdentityClient::new(channel.clone()).verify_password(request).await
        };
        assert!(ask(&wrong, "secrecy-stranger").await.is_err());
        assert!(ask(&"a".repeat(64), "secrecy-caller").await.is_ok());
        self.requests.extend(["secrecy-stranger".to_owned(), "secrecy-caller".to_owned()]);
    }

    /// Operators rotate keys, recover the administrator and read the trail, beside the services.
    pub(super) async fn run_commands(&mut self) {
        let password_file = self.fleet.path("recovered-password");
        std::fs::write(&password_file, format!("{RECOVERED_PASSWORD}\n")).unwrap();
        let password_file = password_file.to_str().unwrap();
        for (service, arguments) in [
            ("auth-service", &["keys", "list", "--json"][..]),
            ("auth-service", &["keys", "rotate"]),
            ("auth-service", &["keys", "rotate", "--now"]),
            ("auth-service", &["keys", "retire", "no-such-key"]),
            ("auth-service", &["master-key", "status", "--json"]),
            ("auth-service", &["master-key", "reseal"]),
            ("auth-service", &["config"]),
            ("auth-service", &["audit", "export"]),
            ("identity-service", &["admin", "recover", "--password-file", password_file]),
            ("identity-service", &["master-key", "status"]),
            ("identity-service", &["master-key", "add", "--beside"]),
            ("identity-service", &["tenants", "list"]),
            ("identity-service", &["config"]),
            ("identity-service", &["audit", "export"]),
        ] {
            let output = self.fleet.run(service, arguments);
            let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
            self.shown.push(("commands", printed));
        }
        let keys = std::fs::read_to_string(self.fleet.path("identity.key")).unwrap();
        for (number, key) in keys.lines().filter_map(|line| line.split_once(':')) {
            if number.parse::<u8>().is_ok() {
                self.secrets.add("a deployment key that was added", key.trim());
            }
        }
        self.tokens("admin", RECOVERED_PASSWORD).await;
    }

    /// People log out, and the token is refused from then on.
    pub(super) async fn end_sessions(&mut self) {
        let (id, tokens) = self.person.clone();
        let (token, hint) = (tokens["accessToken"].as_str().unwrap(), tokens["idToken"].as_str());
        let hint = hint.unwrap_or(token);
        self.send(self.fleet.auth(0).get("/v1/sessions").bearer(token)).await.expect(200);
        self.send(self.fleet.auth(0).post("/v1/logout").form(&[("id_token_hint", hint)])).await.expect(204);
        self.send(self.fleet.auth(0).get("/v1/userinfo").bearer(token)).await.refused(401, "AUT-0007");
        self.post(REFRESH, json!({ "refreshToken": tokens["refreshToken"] })).await.refused(400, "AUT-1005");
        let again = self.tokens("bruno", RESET_PASSWORD).await;
        let token = again["accessToken"].as_str().unwrap();
        self.send(self.fleet.auth(0).call("DELETE", "/v1/sessions").bearer(token)).await.expect(204);
        assert!(!id.is_empty());
    }
}

fn member_name(member: &str) -> &'static str {
    match member {
        "accessToken" => "an access token",
        "refreshToken" => "a refresh token",
        _ => "an ID token",
    }
}
