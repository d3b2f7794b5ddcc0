//! The Authorization API of OpenID AuthZEN 1.0, with the examples that the standard prints.

use pair::{Pair, Person};
use serde_json::{Value, json};
use testkit::Answer;

pair::on_both_engines! {
    the_examples_of_the_standard_are_answered,
    a_list_is_evaluated_as_its_options_say,
    a_question_about_somebody_else_needs_the_right_to_ask,
    a_question_that_cannot_be_read_is_refused,
    the_metadata_leads_to_the_endpoints,
    other_tenants_are_not_asked_about,
}

async fn evaluate(pair: &Pair, token: &str, body: &Value) -> Answer {
    pair.auth.post("/access/v1/evaluation").bearer(token).json(body).send().await
}

async fn evaluate_many(pair: &Pair, token: &str, body: &Value) -> Answer {
    pair.auth.post("/access/v1/evaluations").bearer(token).json(body).send().await
}

/// Alice of the standard's examples, who may read accounts and edit one kind of documents; and one who may ask about her.
async fn alice(pair: &Pair) -> (Person, Person) {
    let administrator = pair.administrator().await;
    let body = json!({
        "firstName": "Alice", "lastName": "Smith", "username": "alice@example.com", "email": "alice@example.com",
        "password": pair::password_of("alice"), "groups": ["midaz-viewer-group"],
    });
    let made = pair.identity.post("/v1/users").bearer(administrator.token()).json(&body).send().await.expect(201);
    let alice = pair.log_in("alice@example.com", &pair::password_of("alice")).await.expect(200).body;
    let alice = Person {
        id: made.text_of("id"),
        username: "alice@example.com".to_owned(),
        password: pair::password_of("alice"),
        tokens: alice,
    };
    (alice, administrator)
}

async fn the_examples_of_the_standard_are_answered(pair: &Pair) {
    let (alice, administrator) = alice(pair).await;
    // §6.1.1, with the words that the seeded permissions have for what the standard calls can_read and account.
    let question = json!({
        "subject": { "type": "user", "id": "alice@example.com" },
        "resource": { "type": "accounts", "id": "123" },
        "action": { "name": "get", "properties": { "method": "GET" } },
        "context": { "time": "1985-10-26T01:22-07:00" },
        "from_the_future": true,
    });
    for token in [alice.token(), administrator.token()] {
        let answer = evaluate(pair, token, &question).await.expect(200);
        assert_eq!(answer.body["decision"], true);
        let grant = &answer.body["context"]["grant"];
        assert_eq!((&grant["group"], &grant["role"]), (&json!("midaz-viewer-group"), &json!("midaz-viewer-role")));
        assert!(answer.body["context"]["revision"].as_u64().is_some());
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    let echoed = pair
        .auth
        .post("/access/v1/evaluation")
        .bearer(alice.token())
        .header("x-request-id", "bfe9eb29-ab87")
        .json(&question);
    assert_eq!(echoed.send().await.expect(200).headers["x-request-id"], "bfe9eb29-ab87");

    // §7.1.1: one subject and action for several resources; §7.1.1.2: an entry stands above what is said beside the list.
    let batch = json!({
        "subject": { "type": "user", "id": "alice@example.com" },
        "context": { "time": "2024-05-31T15:22-07:00" },
        "action": { "name": "get" },
        "evaluations": [
            { "resource": { "type": "accounts", "id": "boxcarring.md" } },
            { "resource": { "type": "users", "id": "subject-search.md" } },
            { "action": { "name": "delete" }, "resource": { "type": "accounts", "id": "resource-search.md" } },
        ],
    });
    let answer = evaluate_many(pair, alice.token(), &batch).await.expect(200);
    assert_eq!(decisions(&answer), [true, false, false]);
    assert_eq!(answer.body["evaluations"][1]["context"]["reason"], "permission");

    // §7.1.1: without a list it is the question beside it, and answered as one.
    for without in [json!(null), json!([])] {
        let mut one = question.clone();
        one["evaluations"] = without;
        let answer = evaluate_many(pair, alice.token(), &one).await.expect(200);
        assert_eq!((&answer.body["decision"], answer.body.get("evaluations")), (&json!(true), None));
    }
}

fn decisions(answer: &Answer) -> Vec<bool> {
    answer.body["evaluations"].as_array().unwrap().iter().map(|entry| entry["decision"].as_bool().unwrap()).collect()
}

async fn a_list_is_evaluated_as_its_options_say(pair: &Pair) {
    let (alice, _) = alice(pair).await;
    let ask = async |semantic: Option<&str>| {
        let entry = |action: &str| json!({ "action": { "name": action } });
        let mut body = json!({
            "subject": { "type": "user", "id": alice.id },
            "resource": { "type": "ledgers", "id": "1" },
            "evaluations": [entry("get"), entry("delete"), entry("get"), {}],
        });
        if let Some(semantic) = semantic {
            body["options"] = json!({ "evaluations_semantic": semantic, "another_option": "value" });
        }
        evaluate_many(pair, alice.token(), &body).await
    };
    for (semantic, expected) in [
        (None, vec![true, false, true, false]),
        (Some("execute_all"), vec![true, false, true, false]),
        (Some("deny_on_first_deny"), vec![true, false]),
        (Some("permit_on_first_permit"), vec![true]),
    ] {
        assert_eq!(decisions(&ask(semantic).await.expect(200)), expected, "{semantic:?}");
    }
    let whole = ask(None).await;
    let error = &whole.body["evaluations"][3]["context"]["error"];
    assert_eq!((&error["status"], &error["code"]), (&json!(400), &json!("AUT-0001")), "it has no action");
    ask(Some("sometimes")).await.refused(400, "AUT-0009");
}

async fn a_question_about_somebody_else_needs_the_right_to_ask(pair: &Pair) {
    let (alice, administrator) = alice(pair).await;
    let about = |kind: &str, id: &str| {
        json!({
            "subject": { "type": kind, "id": id }, "action": { "name": "get" }, "resource": { "type": "ledgers", "id": "1" },
        })
    };
    evaluate(pair, alice.token(), &about("user", "admin")).await.refused(403, "AUT-0017");
    let listed = json!({ "evaluations": [about("user", &alice.id), about("user", "admin"), about("user", "nobody")] });
    let others =
        json!({ "evaluations": [about("user", &alice.id), about("user", "somebody"), about("user", "nobody")] });
    for _ in 0..3 {
        evaluate_many(pair, alice.token(), &others).await.refused(403, "AUT-0017");
    }

    let answer = evaluate_many(pair, administrator.token(), &listed).await.expect(200);
    assert_eq!(decisions(&answer), [true, true, false]);
    assert_eq!(answer.body["evaluations"][2]["context"]["error"]["code"], "AUT-1015");
    let unknown = evaluate(pair, administrator.token(), &about("user", "nobody")).await.expect(200);
    assert_eq!((&unknown.body["decision"], &unknown.body["context"]["error"]["status"]), (&json!(false), &json!(404)));
    let group = evaluate(pair, administrator.token(), &about("group", "admin-group")).await.expect(200);
    assert_eq!((&group.body["decision"], &group.body["context"]["reason"]), (&json!(false), &json!("subject_type")));

    let application = pair.application("midaz").await;
    let machine = pair.application_token(&application).await;
    let own = crate::contract::claims_of(&machine)["sub"].as_str().unwrap().to_owned();
    for id in [own.as_str(), &application.id] {
        assert_eq!(evaluate(pair, &machine, &about("application", id)).await.expect(200).body["decision"], true);
    }
    // What is said to be an application is not looked for among people.
    let mistaken = evaluate(pair, &machine, &about("user", &application.id)).await.expect(200);
    assert_eq!(mistaken.body["context"]["error"]["code"], "AUT-1015");
    let path = "/v1/audit?action=permission.ask";
    let trail = pair.auth.get(path).bearer(administrator.token()).send().await.expect(200);
    assert_eq!(
        trail.body["items"].as_array().map(Vec::len),
        Some(2),
        "one for each question, however often it is asked: {}",
        trail.text
    );
}

async fn a_question_that_cannot_be_read_is_refused(pair: &Pair) {
    let (alice, _) = alice(pair).await;
    let right = json!({
        "subject": { "type": "user", "id": alice.id }, "action": { "name": "get" }, "resource": { "type": "ledgers", "id": "1" },
    });
    evaluate(pair, alice.token(), &right).await.expect(200);
    for (part, value, code) in [
        ("subject", json!(null), "AUT-0001"),
        ("subject", json!("alice"), "AUT-0009"),
        ("subject", json!({ "type": "user" }), "AUT-0001"),
        ("subject", json!({ "type": "user", "id": 7 }), "AUT-0009"),
        ("subject", json!({ "id": "alice" }), "AUT-0001"),
        ("action", json!({ "name": "" }), "AUT-0001"),
        ("action", json!([]), "AUT-0009"),
        ("resource", json!({ "type": "ledgers" }), "AUT-0001"),
        ("resource", json!({ "id": "1" }), "AUT-0001"),
        ("context", json!("now"), "AUT-0009"),
    ] {
        let mut wrong = right.clone();
        wrong[part] = value.clone();
        for path in ["/access/v1/evaluation", "/access/v1/evaluations"] {
            let answer = pair.auth.post(path).bearer(alice.token()).json(&wrong).send().await.refused(400, code);
            assert!(answer.body["fields"].as_object().is_some_and(|fields| !fields.is_empty()), "{part} {value}");
        }
    }
    for body in [&b"[]"[..], b"", b"{", b"{\"subject\":1,\"subject\":2}"] {
        let call = pair.auth.post("/access/v1/evaluation").bearer(alice.token()).bytes("application/json", body);
        call.send().await.refused(400, "AUT-0009");
    }
    for list in [json!("all"), json!({ "0": right })] {
        evaluate_many(pair, alice.token(), &json!({ "evaluations": list })).await.refused(400, "AUT-0009");
    }
    let many = json!({ "evaluations": vec![json!({}); 1_001] });
    evaluate_many(pair, alice.token(), &many).await.refused(413, "AUT-0020");
    pair.auth.post("/access/v1/evaluation").json(&right).send().await.refused(401, "AUT-0006");
    // The bare token is a habit of the Access Manager's clients alone.
    let bare = pair.auth.post("/access/v1/evaluation").header("authorization", alice.token()).json(&right).send().await;
    assert_eq!(bare.refused(401, "AUT-0007").headers["www-authenticate"], "Bearer");
}

async fn the_metadata_leads_to_the_endpoints(pair: &Pair) {
    let (alice, _) = alice(pair).await;
    let found = pair.auth.get("/.well-known/authzen-configuration").send().await.expect(200);
    let point = found.text_of("policy_decision_point");
    let of_tenant = pair.auth.get("/.well-known/authzen-configuration/t/lerian").send().await.expect(200);
    assert!(of_tenant.text_of("policy_decision_point").starts_with(&point));
    let question = json!({
        "subject": { "type": "user", "id": alice.id }, "action": { "name": "get" }, "resource": { "type": "ledgers", "id": "1" },
    });
    for (metadata, member) in [(&found, "access_evaluation_endpoint"), (&found, "access_evaluations_endpoint")] {
        let path = metadata.text_of(member).strip_prefix(&point).unwrap().to_owned();
        let answer = pair.auth.post(&path).bearer(alice.token()).json(&question).send().await.expect(200);
        assert_eq!(answer.body["decision"], true);
    }
    pair.auth.get("/.well-known/authzen-configuration/t/Not-A-Slug").send().await.refused(404, "AUT-0018");
}

async fn other_tenants_are_not_asked_about(pair: &Pair) {
    let (alice, _) = alice(pair).await;
    let stranger = pair.stranger().await;
    let about = json!({
        "subject": { "type": "user", "id": alice.id }, "action": { "name": "get" }, "resource": { "type": "ledgers", "id": "1" },
    });
    evaluate(pair, stranger.token(), &about).await.refused(403, "AUT-0017");
    let own_door = pair.auth.post("/t/lerian/access/v1/evaluation").bearer(stranger.token()).json(&about).send().await;
    own_door.refused(401, "AUT-0007");
    let administrator = pair.administrator().await;
    let about = json!({
        "subject": { "type": "user", "id": stranger.id }, "action": { "name": "get" }, "resource": { "type": "users", "id": "1" },
    });
    let answer = evaluate(pair, administrator.token(), &about).await.expect(200);
    assert_eq!(answer.body["context"]["error"]["code"], "AUT-1015");
}
