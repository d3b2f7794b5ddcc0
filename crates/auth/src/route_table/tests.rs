use proptest::prelude::*;

use super::*;

fn raw(path: &str, resource: &str) -> RawRoute {
    RawRoute {
        host: None,
        path: path.to_owned(),
        methods: None,
        product: Some("midaz".to_owned()),
        resource: resource.to_owned(),
        action: None,
    }
}

fn table() -> RouteTable {
    RouteTable::new(vec![
        raw("/v1/ledgers", "ledgers"),
        raw("/v1/ledgers/{id}", "ledgers"),
        raw("/v1/ledgers/secrets", "secrets"),
        RawRoute {
            methods: Some(vec!["POST".to_owned()]),
            action: Some("run".to_owned()),
            ..raw("/v1/reports", "reports")
        },
        RawRoute { methods: Some(vec!["GET".to_owned()]), ..raw("/v1/reports", "reports") },
        raw("/files/{*path}", "files"),
        RawRoute { host: Some("Fees.example.com".to_owned()), product: None, ..raw("/v1/packages", "packages") },
    ])
    .unwrap()
}

fn needed(method: &str, path: &str) -> Option<(String, String)> {
    table().find("api.example.com", method, path).map(|needed| (needed.resource.to_owned(), needed.action.into_owned()))
}

fn some(resource: &str, action: &str) -> Option<(String, String)> {
    Some((resource.to_owned(), action.to_owned()))
}

#[test]
fn a_request_needs_what_its_route_says() {
    assert_eq!(needed("GET", "/v1/ledgers"), some("ledgers", "get"));
    assert_eq!(needed("DELETE", "/v1/ledgers/7?force=/v1/x"), some("ledgers", "delete"));
    assert_eq!(needed("GET", "/v1/ledgers/"), some("ledgers", "get"));
    assert_eq!(needed("POST", "/v1/reports"), some("reports", "run"));
    assert_eq!(needed("GET", "/v1/reports"), some("reports", "get"));
    assert_eq!(needed("GET", "/files/a/b/c.txt"), some("files", "get"));
    // The exact route stands above the one with a name in it, however it is spelt.
    assert_eq!(needed("GET", "/v1/ledgers/secrets"), some("secrets", "get"));
    assert_eq!(needed("GET", "/v1/ledgers/%73ecrets"), some("secrets", "get"));
}

#[test]
fn nobody_passes_where_no_route_is() {
    for (method, path) in [
        ("GET", "/v2/ledgers"),
        ("GET", "/v1/LEDGERS"),
        ("GET", "/"),
        ("GET", ""),
        ("GET", "v1/ledgers"),
        ("DELETE", "/v1/reports"),
        ("get", "/v1/ledgers"),
        ("GE T", "/v1/ledgers"),
        ("", "/v1/ledgers"),
    ] {
        assert_eq!(needed(method, path), None, "{method} {path}");
    }
}

#[test]
fn a_path_that_two_readers_may_take_for_different_ones_matches_nothing() {
    for path in [
        "/v1/ledgers/a%2Fb",
        "/v1/ledgers/a%2fb",
        "/v1/ledgers/a%5Cb",
        "/v1/ledgers/a\\b",
        "/v1/ledgers/..",
        "/v1/ledgers/.",
        "/v1/ledgers/%2e%2e",
        "/v1/ledgers/.%2E/secrets",
        "/v1/x/../ledgers",
        "/v1//ledgers",
        "//v1/ledgers",
        "//",
        "/v1/ledgers//",
        "/v1/ledgers/a%252Fb",
        "/v1/ledgers/a;x=1",
        "/v1/ledgers/a%00",
        "/v1/ledgers/a%0d%0a",
        "/v1/ledgers/a%",
        "/v1/ledgers/a%2",
        "/v1/ledgers/a%zz",
        "/v1/ledgers/%ff",
        "/v1/ledgers#secrets",
        "/v1/ledgers/a%3Fb",
        "/v1/ledgers/a%23b",
        "/files/a/../../v1/ledgers",
    ] {
        assert_eq!(needed("GET", path), None, "{path}");
    }
}

#[test]
fn a_host_with_routes_of_its_own_has_no_others() {
    let table = table();
    let at = |host: &str, path: &str| table.find(host, "GET", path).map(|needed| needed.product.map(str::to_owned));
    for host in ["fees.example.com", "FEES.example.com:8443", "fees.example.com.", "fees.example.com.:443"] {
        assert_eq!(at(host, "/v1/packages"), Some(None), "{host}");
        assert_eq!(at(host, "/v1/ledgers"), None, "{host}");
    }
    assert_eq!(at("api.example.com", "/v1/packages"), None);
    assert_eq!(at("[::1]:80", "/v1/ledgers"), Some(Some("midaz".to_owned())));
}

#[test]
fn a_table_that_means_two_things_is_refused() {
    let method = |name: &str| RawRoute { methods: Some(vec![name.to_owned()]), ..raw("/a", "a") };
    for (routes, expected) in [
        (vec![raw("a", "a")], "must begin with '/'"),
        (vec![raw("/a", "")], "has an empty text"),
        (vec![method("get")], "in capitals"),
        (vec![raw("/a", "a"), method("GET")], "twice"),
        (vec![method("GET"), method("GET")], "twice"),
        (vec![raw("/a/{x}", "a"), raw("/a/{y}", "b")], "cannot be used"),
        (vec![raw("/a/{x", "a")], "cannot be used"),
        (vec![RawRoute { host: Some("a.example:8443".to_owned()), ..raw("/a", "a") }], "without a scheme, a port"),
    ] {
        let refused = RouteTable::new(routes).err().unwrap();
        assert!(refused.contains(expected), "{refused}");
    }
    assert!(RouteTable::new(vec![method("GET"), method("POST")]).is_ok());
}

proptest! {
    /// Whoever decodes what was matched, once or twice, and takes dot segments away, arrives at the path that was matched.
    #[test]
    fn what_matches_reads_alike_for_everybody(path in "(/(secrets|[a.%;]|%2[eEfF5]|%5c|%61){0,3}){0,5}/?") {
        if let Some(plain) = plain(&path) {
            let once = percent_decode_str(&path).decode_utf8().unwrap().into_owned();
            let twice = percent_decode_str(&once).decode_utf8().unwrap().into_owned();
            prop_assert_eq!(&once, &twice);
            prop_assert_eq!(once.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(&once), plain);
            prop_assert!(!once.contains("//") && !once.split('/').any(|segment| segment == "." || segment == ".."));
            prop_assert_eq!(once.matches('/').count(), path.matches('/').count());
        }
    }
}
