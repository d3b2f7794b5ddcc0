//! The printed contract of the token endpoint: every example, every error, in its order.

use pair::Pair;
use serde_json::{Value, json};

pair::on_both_engines! {
    the_printed_requests_have_the_printed_shapes,
    the_printed_errors_come_word_by_word_and_in_order,
    bodies_that_cannot_be_read_are_bad_requests,
    a_fault_of_ours_is_told_as_printed,
}

const PATH: &str = "/v1/login/oauth/access_token";

async fn ask(pair: &Pair, body: Value) -> testkit::Answer {
    pair.auth.post(PATH).json(&body).send().await
}

async fn the_printed_requests_have_the_printed_shapes(pair: &Pair) {
    let administrator = pair.administrator().await;
    let application = pair.application("midaz").await;
    let password = json!({ "grantType": "password", "username": "admin", "password": administrator.password });
    let machine = json!({
        "grantType": "client_credentials", "clientId": application.client_id,
        "clientSecret": application.client_secret,
    });
    for (body, is_person) in [(password, true), (machine, false)] {
        let answer = ask(pair, body).await.expect(200);
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with("application/json"));
        let members = answer.body.as_object().unwrap();
        let known = ["accessToken", "idToken", "tokenType", "expiresIn", "refreshToken", "scope"];
        assert!(members.keys().all(|name| known.contains(&name.as_str())), "{}", answer.text);
        for text in ["accessToken", "refreshToken"] {
            assert!(members[text].is_string(), "{text}");
        }
        assert_eq!((&members["tokenType"], &members["expiresIn"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!(members.contains_key("idToken"), is_person);
        assert_eq!(members.contains_key("scope"), is_person);

        let claims = claims_of(&answer.text_of("accessToken"));
        for text in ["iss", "sub", "azp", "client_id", "jti", "sid", "owner", "type", "name", "displayName", "tenantId"]
        {
            assert!(claims[text].is_string(), "{text} in {claims}");
        }
        for time in ["iat", "nbf", "exp"] {
            assert!(claims[time].is_i64(), "{time} in {claims}");
        }
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
        assert_eq!(claims["type"], if is_person { "normal-user" } else { "application" });
        assert_eq!((&claims["owner"], &claims["token_use"]), (&json!("lerian"), &json!("access")));
        assert!(claims["aud"].is_array());
        assert_eq!(claims.get("secret_id").is_some(), !is_person);
        assert_eq!(claims.get("amr"), is_person.then(|| json!(["pwd"])).as_ref());
    }
}

async fn the_printed_errors_come_word_by_word_and_in_order(pair: &Pair) {
    let printed = |answer: testkit::Answer, status, code, title: &str, message: &str| {
        let answer = answer.refused(status, code);
        assert_eq!(answer.body["title"], title);
        assert_eq!(answer.body["message"], message);
        answer
    };
    printed(
        pair.auth.post(PATH).bytes("application/json", *b"{").send().await,
        400,
        "AUT-0009",
        "Bad Request",
        "The server could not understand the request due to malformed syntax. Please check the listed fields and try \
         again.",
    );
    let unexpected = printed(
        ask(pair, json!({ "extra": true })).await,
        400,
        "AUT-0003",
        "Unexpected Fields in the Request",
        "The request body contains more fields than expected. Please send only the allowed fields as per the \
         documentation. The unexpected fields are listed in the fields object.",
    );
    assert_eq!(unexpected.body["fields"], json!({ "extra": true }));
    for absent in [json!({}), json!({ "grantType": null }), json!({ "grantType": "", "username": "admin" })] {
        printed(
            ask(pair, absent).await,
            400,
            "AUT-0001",
            "Missing Fields in Request",
            "Your request is missing one or more required fields. Please refer to the documentation to ensure all \
             necessary fields are included in your request.",
        );
    }
    printed(
        ask(pair, json!({ "grantType": "implicit" })).await,
        400,
        "AUT-0013",
        "Invalid Grant Type",
        "The provided 'grantType' is not valid. Accepted grant types are 'password', 'client_credentials', \
         'refresh_token', or others. Please provide a valid type.",
    );
    let missing = printed(
        ask(pair, json!({ "grantType": "password", "username": "admin" })).await,
        400,
        "AUT-0014",
        "Grant Type Missing Fields",
        "The provided 'grant_type' is missing required fields. Please refer to the documentation for guidance.",
    );
    assert_eq!(missing.body["fields"].as_object().unwrap().keys().collect::<Vec<_>>(), ["password"]);
    ask(pair, json!({ "grantType": "client_credentials" })).await.refused(400, "AUT-0014");
    printed(
        ask(pair, json!({ "grantType": "authorization_code", "code": "x", "redirectUri": "http://localhost/" })).await,
        400,
        "AUT-1001",
        "Unsupported Grant Type",
        "The provided 'grantType' is not supported by this application. Please refer to the application's supported \
         grant types.",
    );
    printed(
        pair.log_in("admin", "wrong").await,
        401,
        "AUT-1002",
        "Invalid Username or Password",
        "The provided 'username' or 'password' is incorrect. Please verify the credentials and try again.",
    );
    printed(
        pair.client_credentials("ed1c72d366b07b84bd21", "81f42de0fbe038f1bfefac55328839c92e1878da").await,
        401,
        "AUT-1004",
        "Invalid Client",
        "The provided 'clientId' or 'clientSecret' is incorrect. Please verify the credentials and try again.",
    );
}

async fn bodies_that_cannot_be_read_are_bad_requests(pair: &Pair) {
    let deep = format!("{{\"grantType\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let bodies: [&[u8]; 9] = [
        b"",
        b"[]",
        b"null",
        b"grantType=password",
        b"{\"grantType\":\"password\",\"grantType\":\"password\"}",
        b"{\"grantType\":5}",
        b"{\"grantType\":\"pass\\u0000word\"}",
        b"{\"grantType\":\"\xff\"}",
        deep.as_bytes(),
    ];
    for body in bodies {
        pair.auth.post(PATH).bytes("application/json", body).send().await.refused(400, "AUT-0009");
    }
    let long = vec![b' '; 70_000];
    pair.auth.post(PATH).bytes("application/json", long).send().await.refused(413, "AUT-0020");
}

async fn a_fault_of_ours_is_told_as_printed(pair: &Pair) {
    let administrator = pair.administrator().await;
    tokio::task::block_in_place(|| pair.auth_database().execute("ALTER TABLE sessions RENAME TO lost"));
    let answer = pair.log_in("admin", &administrator.password).await.refused(500, "AUT-0005");
    assert_eq!(answer.body["title"], "Internal Server Error");
    assert_eq!(
        answer.body["message"],
        "The server encountered an unexpected error. Please try again later or contact support."
    );
    assert!(!answer.text.contains("sessions") && !answer.text.contains("lost"), "{}", answer.text);
}

/// The claims of a token, unverified, as a console reads them.
pub(crate) fn claims_of(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
