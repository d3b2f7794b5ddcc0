//! Both ways through Gatehouse, as the guide of the API tells them, and what must be found again after a crash.

use std::cell::RefCell;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::api::{Answer, Api};
use super::docker::printed;
use super::report::Report;
use crate::failure::{Failure, Result};
use crate::walkthrough::Walkthrough;

const LOGIN: &str = "/v1/login/oauth/access_token";
const USER: &str = "sofia";
const PASSWORD: &str = "Windy-Orchard-73";
/// How long services may take to find each other after one of them was away.
const SERVED_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(250);

/// What was made before anything crashed.
pub(super) struct Known {
    auth: Api,
    identity: Api,
    administrator: String,
    client_id: String,
    client_secret: String,
    /// Good once; each use leaves its successor.
    refresh_token: RefCell<String>,
}

impl Known {
    /// Goes both ways, and keeps a user, a session and an application.
    pub(super) fn make(auth: Api, identity: Api, administrator: &str, report: &mut Report) -> Result<Self> {
        let administrator = administrator.to_owned();
        let admin = report.check("the administrator logs in with the made password", || {
            log_in(&auth, "admin", &administrator)?.expect(200)?.text("accessToken")
        })?;
        report.check("people 1: the groups are listed", || {
            let groups = identity.get("/v1/groups", &admin)?.expect(200)?.body.to_string();
            if groups.contains("midaz-editor-group") {
                Ok(())
            } else {
                Err(Failure::new("midaz-editor-group is not there"))
            }
        })?;
        report.check("people 2: a user is made in a group", || make_user(&identity, &admin, USER))?;
        let session = report.check("people 3: the user gets a token with the password", || {
            let session = log_in(&auth, USER, PASSWORD)?.expect(200)?;
            auth.get("/v1/permissions", &session.text("accessToken")?)?.expect(200)?;
            Ok(session)
        })?;
        report.check("people 3: the token is renewed", || {
            let renewed = refresh(&auth, &session.text("refreshToken")?)?.expect(200)?;
            auth.get("/v1/userinfo", &renewed.text("accessToken")?)?.expect(200)
        })?;
        report.check("people: the session ends, and its tokens with it", || {
            let session = log_in(&auth, USER, PASSWORD)?.expect(200)?;
            auth.post_form("/v1/logout", "id_token_hint", &session.text("idToken")?)?.expect(204)?;
            auth.get("/v1/userinfo", &session.text("accessToken")?)?.expect(401)
        })?;
        let application = report.check("software 1: an application is made", || {
            let application = json!({ "name": "midaz", "description": "compose-check" });
            identity.post("/v1/applications", &admin, &application)?.expect(201)
        })?;
        let refresh_token = RefCell::new(log_in(&auth, USER, PASSWORD)?.expect(200)?.text("refreshToken")?);
        let (client_id, client_secret) = (application.text("clientId")?, application.text("clientSecret")?);
        let known = Self { auth, identity, administrator, client_id, client_secret, refresh_token };
        report.check("software 2: it gets a token with its credentials, and asks with it", || {
            let token = known.machine()?.expect(200)?.text("accessToken")?;
            let question = json!({ "resource": "ledgers", "action": "post" });
            known.auth.post("/v1/authorize", &token, &question)?.expect(200)
        })?;
        report.check("the lines of the README run in a shell", || known.paste())?;
        Ok(known)
    }

    /// Everything that was made is there, and everybody still gets in.
    pub(super) fn find_again(&self) -> Result<()> {
        self.wait_until_served()?;
        if !self.users()?.contains(USER) {
            return Err(Failure::new(format!("the user {USER} is gone")));
        }
        log_in(&self.auth, USER, PASSWORD)?.expect(200)?;
        let renewed = refresh(&self.auth, &self.refresh_token.borrow())?.expect(200)?;
        self.refresh_token.replace(renewed.text("refreshToken")?);
        self.auth.get("/v1/userinfo", &renewed.text("accessToken")?)?.expect(200)?;
        self.machine()?.expect(200).map(drop)
    }

    /// The engine asks for health every 5 s: what it calls healthy may not have heard of the other service's restart yet, or
    /// not have found it again.
    fn wait_until_served(&self) -> Result<()> {
        let deadline = Instant::now() + SERVED_LIMIT;
        while !self.is_served()? {
            if Instant::now() >= deadline {
                let seconds = SERVED_LIMIT.as_secs();
                return Err(Failure::new(format!("a service that is healthy answers 503 for {seconds} s")));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Whether neither service answers that it knows too little of the other.
    fn is_served(&self) -> Result<bool> {
        let login = log_in(&self.auth, "admin", &self.administrator)?;
        if login.status == 503 || self.machine()?.status == 503 {
            return Ok(false);
        }
        let token = login.expect(200)?.text("accessToken")?;
        Ok(self.identity.get("/v1/users", &token)?.status != 503)
    }

    /// All users, as the administrator sees them.
    pub(super) fn users(&self) -> Result<String> {
        Ok(self.identity.get("/v1/users", &self.admin()?)?.expect(200)?.body.to_string())
    }

    /// One more user.
    pub(super) fn make_user(&self, username: &str) -> Result<()> {
        make_user(&self.identity, &self.admin()?, username)
    }

    fn admin(&self) -> Result<String> {
        log_in(&self.auth, "admin", &self.administrator)?.expect(200)?.text("accessToken")
    }

    /// A token with the credentials of the application.
    pub(super) fn machine(&self) -> Result<Answer> {
        let credentials = json!({ "grantType": "client_credentials", "clientId": self.client_id,
            "clientSecret": self.client_secret });
        self.auth.post(LOGIN, "", &credentials)
    }

    /// Whether a permission question is answered for that token.
    pub(super) fn permissions(&self, token: &str) -> Result<Answer> {
        self.auth.get("/v1/permissions", token)
    }

    fn paste(&self) -> Result<()> {
        let file = tempfile::NamedTempFile::new()
            .and_then(|file| fs::write(file.path(), format!("{}\n", self.administrator)).map(|()| file))
            .map_err(|cause| Failure::new(format!("cannot write a temporary file: {cause}")))?;
        let walkthrough = Walkthrough {
            auth_url: self.auth.url().to_owned(),
            identity_url: self.identity.url().to_owned(),
            password_file: file.path().display().to_string(),
            authority_file: None,
        };
        let shown = printed(Command::new("sh").args(["-eu", "-c", &walkthrough.text()]))?;
        // The session ended, and its token was refused.
        let statuses: Vec<&str> = shown.lines().filter(|line| matches!(*line, "204" | "401")).collect();
        if statuses == ["204", "401"] && !shown.contains("\"code\":\"IDE-") {
            return Ok(());
        }
        Err(Failure::new(format!("the lines of the README gave something else:\n{shown}")))
    }
}

fn log_in(auth: &Api, username: &str, password: &str) -> Result<Answer> {
    auth.post(LOGIN, "", &json!({ "grantType": "password", "username": username, "password": password }))
}

fn make_user(identity: &Api, admin: &str, username: &str) -> Result<()> {
    let user = json!({ "firstName": "Sofia", "lastName": "Lima", "username": username,
        "email": format!("{username}@example.com"), "password": PASSWORD, "groups": ["midaz-editor-group"] });
    identity.post("/v1/users", admin, &user)?.expect(201).map(drop)
}

fn refresh(auth: &Api, token: &str) -> Result<Answer> {
    auth.post("/v1/login/oauth/refresh_token", "", &json!({ "refreshToken": token }))
}
