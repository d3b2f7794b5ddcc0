//! Both ways through Gatehouse as lines for a shell: a person gets a token, and a piece of software gets one.
//!
//! `up` prints them with its own addresses, and the README with the usual ones. They need curl and sed alone, hold when
//! pasted in order into one shell, and may be pasted again: the user then exists already, and every other line works.

/// What the lines depend on.
pub(crate) struct Walkthrough {
    pub(crate) auth_url: String,
    pub(crate) identity_url: String,
    pub(crate) password_file: String,
    /// The authority that curl must believe, where the services speak HTTPS.
    pub(crate) authority_file: Option<String>,
}

/// Reads a text member out of a JSON answer.
const FIELD: &str = r#"field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }"#;

const PEOPLE: &str = r#"# People 1. What may be given: the groups
curl -sS "$IDENTITY/v1/groups" -H "Authorization: Bearer $ADMIN"; echo

# People 2. A user in a group
curl -sS "$IDENTITY/v1/users" -H "Authorization: Bearer $ADMIN" -H "$JSON" -d '{"firstName":"Maria","lastName":"Silva","username":"maria","email":"maria@example.com","password":"Sunny-Harbour-42","groups":["midaz-editor-group"]}'; echo

# People 3. She logs in with her password, and sees what she may do
LOGIN=$(curl -sS "$AUTH/v1/login/oauth/access_token" -H "$JSON" -d '{"grantType":"password","username":"maria","password":"Sunny-Harbour-42"}')
TOKEN=$(printf '%s\n' "$LOGIN" | field accessToken)
curl -sS "$AUTH/v1/permissions" -H "Authorization: Bearer $TOKEN"; echo

# People 4. A new token when the old one is about to expire
REFRESH=$(printf '%s\n' "$LOGIN" | field refreshToken)
LOGIN=$(curl -sS "$AUTH/v1/login/oauth/refresh_token" -H "$JSON" -d "{\"refreshToken\":\"$REFRESH\"}")
TOKEN=$(printf '%s\n' "$LOGIN" | field accessToken)
curl -sS "$AUTH/v1/userinfo" -H "Authorization: Bearer $TOKEN"; echo

# People 5. The session ends (204), and from then on its tokens are refused (401)
ID_TOKEN=$(printf '%s\n' "$LOGIN" | field idToken)
curl -sS -w '%{http_code}\n' "$AUTH/v1/logout" --data-urlencode "id_token_hint=$ID_TOKEN"
curl -sS -w '\n%{http_code}\n' "$AUTH/v1/userinfo" -H "Authorization: Bearer $TOKEN"
"#;

const MACHINES: &str = r#"# Software 1. An application; its secret is shown this once
APPLICATION=$(curl -sS "$IDENTITY/v1/applications" -H "Authorization: Bearer $ADMIN" -H "$JSON" -d '{"name":"midaz","description":"Nightly import of the ledger"}')
CLIENT_ID=$(printf '%s\n' "$APPLICATION" | field clientId)
CLIENT_SECRET=$(printf '%s\n' "$APPLICATION" | field clientSecret)

# Software 2. A token with its credentials
MACHINE=$(curl -sS "$AUTH/v1/login/oauth/access_token" -H "$JSON" -d "{\"grantType\":\"client_credentials\",\"clientId\":\"$CLIENT_ID\",\"clientSecret\":\"$CLIENT_SECRET\"}" | field accessToken)

# Software 3. What it may do, and the question a protected API asks for it
curl -sS "$AUTH/v1/permissions" -H "Authorization: Bearer $MACHINE"; echo
curl -sS "$AUTH/v1/authorize" -H "Authorization: Bearer $MACHINE" -H "$JSON" -d '{"resource":"ledgers","action":"post"}'; echo
"#;

impl Walkthrough {
    /// The lines of both ways, after those that both need.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{PEOPLE}\n{MACHINES}", self.beginning())
    }

    fn beginning(&self) -> String {
        let Self { auth_url, identity_url, password_file, authority_file } = self;
        let password_file = quoted(password_file);
        let believed = authority_file.as_deref().map(|file| format!("export CURL_CA_BUNDLE={}\n", quoted(file)));
        let believed = believed.unwrap_or_default();
        format!(
            r#"{believed}AUTH={auth_url} IDENTITY={identity_url} JSON='Content-Type: application/json'
{FIELD}

# A token for the administrator
PASSWORD=$(cat {password_file})
ADMIN=$(curl -sS "$AUTH/v1/login/oauth/access_token" -H "$JSON" -d "{{\"grantType\":\"password\",\"username\":\"admin\",\"password\":\"$PASSWORD\"}}" | field accessToken)
"#
        )
    }
}

/// A path as one word of a shell; quotes only where they are needed, for the eye.
fn quoted(path: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-".contains(character);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// Runs a script in a plain shell in which `curl` only prints what it is asked.
    fn run(script: &str) -> (bool, String) {
        let output = Command::new("sh").args(["-eu", "-c", script]).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }

    #[test]
    fn the_lines_hold_in_one_shell() {
        let folder = tempfile::tempdir().unwrap();
        let password_file = folder.path().join("it's secret");
        fs::write(&password_file, "Pa55-word\n").unwrap();
        let walkthrough = Walkthrough {
            auth_url: "http://127.0.0.1:4000".to_owned(),
            identity_url: "http://127.0.0.1:4001".to_owned(),
            password_file: password_file.display().to_string(),
            authority_file: None,
        };
        let answer =
            r#"{"accessToken":"t.1","clientId":"c-1","clientSecret":"s-1","refreshToken":"r-1","idToken":"i-1"}"#;
        let asked = folder.path().join("asked");
        let curl = format!(
            "curl() {{ printf '%s\\n' \"$*\" >>'{}'; printf '%s' '{answer}'; }}",
            asked.display().to_string().replace('\'', "")
        );
        let (success, _) = run(&format!("{curl}\n{}", walkthrough.text()));
        let asked = fs::read_to_string(asked).unwrap();
        assert!(success);
        assert_eq!(asked.lines().count(), 13, "{asked}");
        for part in [
            r#"{"grantType":"password","username":"admin","password":"Pa55-word"}"#,
            "http://127.0.0.1:4001/v1/groups -H Authorization: Bearer t.1",
            r#"{"refreshToken":"r-1"}"#,
            "id_token_hint=i-1",
            r#"{"grantType":"client_credentials","clientId":"c-1","clientSecret":"s-1"}"#,
        ] {
            assert!(asked.contains(part), "{part} is not in\n{asked}");
        }
    }

    #[test]
    fn the_readme_shows_the_same_lines() {
        let readme = include_str!("../../README.md");
        let walkthrough = Walkthrough {
            auth_url: "http://127.0.0.1:4000".to_owned(),
            identity_url: "http://127.0.0.1:4001".to_owned(),
            password_file: "data/admin-password".to_owned(),
            authority_file: None,
        };
        assert!(readme.contains(walkthrough.text().trim_end()), "the README's lines are not those that `up` prints");
    }
}
