//! Who acts in tests: administrators, people with groups, applications, and strangers from another tenant.

use std::time::Duration;

use domain::{Secret, Slug};
use serde_json::{Value, json};
use testkit::Answer;

use crate::Pair;
use crate::start::ADMINISTRATOR_PASSWORD;

/// A person who has logged in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The id.
    pub id: String,
    /// The username.
    pub username: String,
    /// The password.
    pub password: String,
    /// The answer to the login.
    pub tokens: Value,
}

/// An application and its credentials.
#[derive(Clone, Debug)]
pub struct Application {
    /// The id.
    pub id: String,
    /// The client id.
    pub client_id: String,
    /// The secret.
    pub client_secret: String,
}

impl Person {
    /// The access token.
    pub fn token(&self) -> &str {
        self.tokens["accessToken"].as_str().unwrap()
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> &str {
        self.tokens["refreshToken"].as_str().unwrap()
    }
}

impl Pair {
    /// Asks for tokens with a password.
    pub async fn log_in(&self, username: &str, password: &str) -> Answer {
        let body = json!({ "grantType": "password", "username": username, "password": password });
        self.auth.post("/v1/login/oauth/access_token").json(&body).send().await
    }

    /// Asks for tokens with a refresh token.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        let body = json!({ "refreshToken": refresh_token });
        self.auth.post("/v1/login/oauth/refresh_token").json(&body).send().await
    }

    /// Asks for a token with client credentials.
    pub async fn client_credentials(&self, client_id: &str, client_secret: &str) -> Answer {
        let body = json!({
            "grantType": "client_credentials", "clientId": client_id, "clientSecret": client_secret,
        });
        self.auth.post("/v1/login/oauth/access_token").json(&body).send().await
    }

    /// Ends a session.
    pub async fn log_out(&self, id_token_hint: &str) -> Answer {
        self.auth.post("/v1/logout").form(&[("id_token_hint", id_token_hint)]).send().await
    }

    /// The first administrator, logged in.
    pub async fn administrator(&self) -> Person {
        self.person_with("admin", ADMINISTRATOR_PASSWORD).await
    }

    /// The administrator of another tenant, logged in there.
    pub async fn stranger(&self) -> Person {
        let tenant = Slug::parse("elsewhere").unwrap();
        let password = Secret::new(ADMINISTRATOR_PASSWORD.to_owned());
        self.identity_app().plant(&tenant, Some(password)).await.unwrap();
        self.person_with("elsewhere/admin", ADMINISTRATOR_PASSWORD).await
    }

    /// A fresh person in some groups, logged in.
    pub async fn person(&self, username: &str, groups: &[&str]) -> Person {
        let administrator = self.administrator().await;
        self.create_user(&administrator, username, groups).await.expect(201);
        self.person_with(username, &password_of(username)).await
    }

    /// Asks for a fresh user in some groups, a millisecond after whatever came before: ids follow the clock.
    pub async fn create_user(&self, by: &Person, username: &str, groups: &[&str]) -> Answer {
        self.pass(Duration::from_millis(1));
        let body = json!({
            "firstName": "Ana", "lastName": "Souza", "username": username, "password": password_of(username),
            "email": format!("{username}@example.com"), "groups": groups,
        });
        self.identity.post("/v1/users").bearer(by.token()).json(&body).send().await
    }

    /// A fresh application of a product, made a millisecond after whatever came before.
    pub async fn application(&self, product: &str) -> Application {
        self.pass(Duration::from_millis(1));
        let administrator = self.administrator().await;
        let body = json!({ "name": product, "description": "A test" });
        let made = self.identity.post("/v1/applications").bearer(administrator.token()).json(&body).send().await;
        let made = made.expect(201);
        Application {
            id: made.text_of("id"),
            client_id: made.text_of("clientId"),
            client_secret: made.text_of("clientSecret"),
        }
    }

    /// The access token that an application gets for itself.
    pub async fn application_token(&self, application: &Application) -> String {
        let answer = self.client_credentials(&application.client_id, &application.client_secret).await;
        answer.expect(200).text_of("accessToken")
    }

    async fn person_with(&self, username: &str, password: &str) -> Person {
        let tokens = self.log_in(username, password).await.expect(200).body;
        let info = self.auth.get("/v1/userinfo").bearer(tokens["accessToken"].as_str().unwrap()).send().await;
        Person {
            id: info.expect(200).text_of("sub"),
            username: username.to_owned(),
            password: password.to_owned(),
            tokens,
        }
    }
}

/// The password of a person made for a test.
pub fn password_of(username: &str) -> String {
    format!("Correct-horse-7-{}", username.chars().rev().collect::<String>())
}
