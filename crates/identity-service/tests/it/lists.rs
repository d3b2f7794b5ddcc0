//! Lists: a bare array or an envelope, by page or by cursor.

use std::collections::BTreeSet;

use pair::Pair;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::users::user;

pair::on_both_engines! {
    a_list_is_bare_without_parameters_and_an_envelope_with_any,
    pages_follow_each_other,
    a_cursor_walks_over_every_row_once,
    a_bare_list_that_goes_on_says_where,
    the_total_counts_the_living,
    what_is_out_of_bounds_is_named,
    a_page_behind_the_end_is_empty,
}

const LISTS: [&str; 3] = ["/v1/users", "/v1/groups", "/v1/applications"];

async fn make_users(administrator: &Caller, count: usize) {
    for number in 0..count {
        administrator.post("/v1/users", user(&format!("person-{number}"))).await.expect(201);
    }
}

fn ids(rows: &Value) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

async fn a_list_is_bare_without_parameters_and_an_envelope_with_any(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    make_users(&administrator, 2).await;
    pair.application("midaz").await;
    for list in LISTS {
        let bare = administrator.get(list).await.expect(200);
        let rows = bare.body.as_array().unwrap();
        assert_eq!(bare.headers["x-total-count"], rows.len().to_string());
        assert!(!bare.headers.contains_key("link"), "{list} does not go on");
        for (query, limit) in [("limit=100", 100), ("page=1&limit=50", 50)] {
            let envelope = administrator.get(&format!("{list}?{query}")).await.expect(200);
            let expected = json!({ "items": rows, "page": 1, "limit": limit, "total": rows.len() });
            assert_eq!(envelope.body, expected, "{list}?{query}");
            assert!(!envelope.headers.contains_key("x-total-count"));
        }
        let default = administrator.get(&format!("{list}?page=1")).await.expect(200);
        assert_eq!((&default.body["limit"], &default.body["total"]), (&json!(10), &json!(rows.len())));
    }
}

async fn pages_follow_each_other(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    make_users(&administrator, 6).await;
    let all = ids(&administrator.get("/v1/users").await.expect(200).body);
    assert_eq!(all.len(), 7);
    for (page, rows) in [(1, &all[..3]), (2, &all[3..6]), (3, &all[6..])] {
        let answer = administrator.get(&format!("/v1/users?limit=3&page={page}")).await.expect(200);
        assert_eq!(ids(&answer.body["items"]), rows);
        assert_eq!((&answer.body["page"], &answer.body["total"]), (&json!(page), &json!(7)));
        assert_eq!(answer.body["nextCursor"].is_string(), page < 3);
    }
}

async fn a_cursor_walks_over_every_row_once(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    make_users(&administrator, 8).await;
    for _ in 0..4 {
        pair.application("midaz").await;
    }
    for list in LISTS {
        let before = ids(&administrator.get(list).await.expect(200).body);
        let mut seen = Vec::new();
        let mut path = format!("{list}?limit=2");
        loop {
            let page = administrator.get(&path).await.expect(200);
            let rows = ids(&page.body["items"]);
            assert!(rows.len() <= 2);
            seen.extend(rows);
            // What comes and goes meanwhile moves nothing else to another page.
            if list == "/v1/users" && seen.len() == 4 {
                administrator.delete(&format!("/v1/users/{}", seen[1])).await.expect(204);
                administrator.post("/v1/users", user("late")).await.expect(201);
            }
            match page.body.get("nextCursor") {
                Some(cursor) => path = format!("{list}?limit=2&cursor={}", cursor.as_str().unwrap()),
                None => break,
            }
        }
        let distinct: BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "{list}: {seen:?}");
        assert_eq!(&seen[..before.len()], before, "{list}");
    }
}

async fn a_bare_list_that_goes_on_says_where(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let making = (0..4).map(|worker| {
        let administrator = administrator.clone();
        tokio::spawn(async move {
            for number in 0..250 {
                let name = json!({ "name": format!("Desk {worker} {number:03}") });
                administrator.post("/v1/groups", name).await.expect(201);
            }
        })
    });
    for worker in making.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    for prefix in ["", "/t/lerian"] {
        let bare = administrator.get(&format!("{prefix}/v1/groups")).await.expect(200);
        let mut seen = ids(&bare.body);
        assert_eq!(seen.len(), 1_000);
        assert_eq!(bare.headers["x-total-count"], "1016");
        let link = bare.headers["link"].to_str().unwrap();
        let next = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        assert!(next.starts_with(&format!("{prefix}/v1/groups?limit=100&cursor=")), "{next}");
        let rest = administrator.get(next).await.expect(200);
        seen.extend(ids(&rest.body["items"]));
        assert_eq!(rest.body.get("nextCursor"), None);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 1_016);
        assert!(seen.is_sorted());
    }
}

async fn the_total_counts_the_living(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    make_users(&administrator, 3).await;
    administrator.post("/v1/groups", json!({ "name": "Desk" })).await.expect(201);
    let application = pair.application("midaz").await;
    // What is refused is not counted.
    administrator.post("/v1/users", user("person-1")).await.refused(409, "IDE-1007");
    administrator.post("/v1/groups", json!({ "name": "Desk" })).await.refused(409, "IDE-1009");
    let total = |list: &'static str| {
        let administrator = administrator.clone();
        async move { administrator.get(&format!("{list}?limit=1")).await.expect(200).body["total"].clone() }
    };
    let [users, groups, applications] = LISTS;
    assert_eq!((total(users).await, total(groups).await, total(applications).await), (4.into(), 17.into(), 2.into()));
    let person = ids(&administrator.get(users).await.expect(200).body).pop().unwrap();
    administrator.delete(&format!("{users}/{person}")).await.expect(204);
    administrator.delete(&format!("{groups}/desk")).await.expect(204);
    administrator.delete(&format!("{applications}/{}", application.id)).await.expect(204);
    assert_eq!((total(users).await, total(groups).await, total(applications).await), (3.into(), 16.into(), 1.into()));
}

async fn what_is_out_of_bounds_is_named(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let limit = "must be a whole number from 1 to 100";
    let page = "must be a whole number from 1";
    let deep = "goes beyond 10000 rows; continue with 'cursor'";
    let junk = "is not one that this list gave";
    for list in LISTS {
        for (query, name, reason) in [
            ("limit=0", "limit", limit),
            ("limit=101", "limit", limit),
            ("limit=x", "limit", limit),
            ("limit=", "limit", limit),
            ("limit=-1", "limit", limit),
            ("limit=%2B5", "limit", limit),
            ("limit=99999999999", "limit", limit),
            ("page=0", "page", page),
            ("page=x", "page", page),
            ("page=1.0", "page", page),
            ("page=1001", "page", deep),
            ("page=101&limit=100", "page", deep),
            ("page=4294967295&limit=100", "page", page),
            ("page=100000000&limit=100", "page", deep),
            ("page=1&page=2", "page", "is sent twice"),
            ("cursor=", "cursor", junk),
            ("cursor=%00", "cursor", junk),
            ("cursor=AA", "cursor", junk),
            ("page=1&cursor=YQ", "cursor", "cannot be combined with 'page'"),
            ("sort=name", "sort", "is not known here"),
            ("Limit=5", "Limit", "is not known here"),
        ] {
            let refused = administrator.get(&format!("{list}?{query}")).await.refused(400, "IDE-0005");
            assert_eq!(refused.body["fields"], json!({ name: reason }), "{list}?{query}");
        }
    }
    // The cursor of another list is none of this one.
    let cursor = administrator.get("/v1/groups?limit=1").await.expect(200).text_of("nextCursor");
    for list in ["/v1/users", "/v1/applications"] {
        administrator.get(&format!("{list}?cursor={cursor}")).await.refused(400, "IDE-0005");
    }
}

async fn a_page_behind_the_end_is_empty(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    for (list, total) in LISTS.into_iter().zip([1, 16, 1]) {
        let last = administrator.get(&format!("{list}?page=100&limit=100")).await.expect(200);
        assert_eq!(last.body, json!({ "items": [], "page": 100, "limit": 100, "total": total }));
    }
}
