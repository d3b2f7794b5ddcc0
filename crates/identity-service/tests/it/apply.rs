//! `identity-service apply` and `export`, beside a service that runs.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use pair::Pair;
use serde_json::json;

use crate::caller::Caller;
use crate::commands::{printed, refusal, run};

pair::on_both_engines! {
    the_example_is_brought_about_once,
    an_export_of_everything_changes_nothing,
    what_a_list_does_not_name_stays_until_it_is_pruned,
    the_service_that_runs_hears_of_it,
    a_broken_file_changes_nothing,
    what_is_refused_late_undoes_everything,
    a_secret_by_reference_is_added_once,
}

/// Commands over one file in a folder.
struct Host<'a> {
    pair: &'a Pair,
    folder: tempfile::TempDir,
}

impl<'a> Host<'a> {
    fn of(pair: &'a Pair) -> Self {
        Self { pair, folder: tempfile::tempdir().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Output {
        let mut environment = self.pair.identity_environment();
        environment.push(("EXPORTS_SECRET".to_owned(), "b".repeat(40)));
        tokio::task::block_in_place(|| run(&environment, arguments))
    }

    fn apply(&self, text: &str, more: &[&str]) -> Output {
        let file = self.folder.path().join("gatehouse.yaml");
        std::fs::write(&file, text).unwrap();
        self.command(&[&["apply", "-f", file.to_str().unwrap()], more].concat())
    }

    fn export(&self) -> String {
        printed(&self.command(&["export"]))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A file about the system tenant.
fn lerian(members: &str) -> String {
    format!("version: 1\ntenants:\n  - slug: lerian\n{members}")
}

const DESK: &str = "    groups:
      - slug: desk
        name: Desk
        permissions: [{ product: midaz, resource: ledgers, action: get }]
      - { slug: other, name: Other }
    applications:
      - { name: exports, product: midaz, description: Exports }
    roles:
      - { slug: desk-role, name: Desk, permissions: [{ product: midaz, resource: assets, action: get }] }
";

async fn the_example_is_brought_about_once(pair: &Pair) {
    let host = Host::of(pair);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/gatehouse.example.yaml");
    let example = std::fs::read_to_string(example).unwrap();
    let folder = host.path().to_str().unwrap().to_owned();
    let more = ["--secrets-out", folder.as_str()];
    let before = host.export();

    let sentence = refusal(&host.apply(&example, &[]));
    assert!(sentence.contains("line 4") && sentence.contains("--secrets-out"), "{sentence}");
    let looked = host.apply(&example, &["--secrets-out", &folder, "--dry-run"]);
    assert_eq!(looked.status.code(), Some(2));
    let shown = String::from_utf8(looked.stdout).unwrap();
    for part in [
        "+ tenant acme\n",
        "  + group fraud-desk\n",
        "+ permission midaz:transactions:*\n",
        "+ role ledger-reader-role\n",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(host.export(), before);
    assert_eq!(std::fs::read_dir(host.path()).unwrap().count(), 1);

    let done = printed(&host.apply(&example, &more));
    assert!(done.ends_with("done\n"), "{done}");
    let read = |name: &str| std::fs::read_to_string(host.path().join(name)).unwrap().trim_end().to_owned();
    let (password, secret) = (read("acme-administrator.password"), read("acme-ledger-exports.secret"));
    assert!(!done.contains(&password) && !done.contains(&secret));
    let tokens = pair.log_in("acme/admin", &password).await.expect(200);
    let administrator = Caller::new(pair, &tokens.text_of("accessToken"));
    assert_eq!(administrator.get("/v1/groups/fraud-desk").await.expect(200).body["name"], "Fraud desk");
    let applications = administrator.get("/v1/applications").await.expect(200).body;
    let client_id = applications["items"]
        .as_array()
        .unwrap_or(applications.as_array().unwrap_or(&Vec::new()))
        .iter()
        .find(|application| application["description"] == "Nightly exports of the ledger")
        .map(|application| application["clientId"].as_str().unwrap().to_owned());
    pair.client_credentials(&client_id.unwrap(), &secret).await.expect(200);

    assert_eq!(printed(&host.apply(&example, &more)), "nothing to change\n");
    assert_eq!(printed(&host.apply(&example, &["--dry-run"])), "nothing to change\n");
    for action in ["tenant.create", "role.create", "group.create", "application.create"] {
        let told =
            format!("audit_events WHERE action = '{action}' AND actor_kind = 'operator' AND details LIKE '%after%'");
        assert!(tokio::task::block_in_place(|| pair.identity_database().count(&told)) >= 1, "{action}");
    }
}

async fn an_export_of_everything_changes_nothing(pair: &Pair) {
    let host = Host::of(pair);
    pair.application("plugin-fees").await;
    printed(&host.apply(&lerian(DESK), &[]));
    printed(&host.command(&["tenants", "create", "best", "--users", "7", "--access-token-seconds", "600"]));
    let exported = host.export();
    assert!(exported.contains("slug: best") && exported.contains("plugin-fees-"), "{exported}");
    assert!(!exported.contains("admin-group") && !exported.contains("secretF"), "{exported}");
    assert_eq!(printed(&host.apply(&exported, &["--prune"])), "nothing to change\n");
    assert_eq!(host.export(), exported);
    let one = printed(&host.command(&["export", "--tenant", "best"]));
    assert!(one.contains("slug: best") && !one.contains("lerian"), "{one}");
    assert!(refusal(&host.command(&["export", "--tenant", "nowhere"])).contains("IDE-1018"));
}

async fn what_a_list_does_not_name_stays_until_it_is_pruned(pair: &Pair) {
    let host = Host::of(pair);
    printed(&host.apply(&lerian(DESK), &[]));
    let fewer = lerian("    groups: [{ slug: desk, name: Fraud desk }]\n    roles: []\n");
    let shown = printed(&host.apply(&fewer, &[]));
    assert_eq!(shown, "  tenant lerian\n  ~ group desk\n      ~ name: Desk → Fraud desk\ndone\n");
    let administrator = Caller::administrator(pair).await;
    administrator.get("/v1/groups/other").await.expect(200);
    let shown = printed(&host.apply(&fewer, &["--prune"]));
    assert_eq!(shown, "  tenant lerian\n  - role desk-role\n  - group other\ndone\n");
    administrator.get("/v1/groups/other").await.refused(404, "IDE-1006");
    administrator.get("/v1/groups/admin-group").await.expect(200);
    // The list of applications was not given.
    assert!(host.export().contains("name: exports"));
    assert_eq!(printed(&host.apply(&fewer, &["--prune"])), "nothing to change\n");
}

async fn the_service_that_runs_hears_of_it(pair: &Pair) {
    let host = Host::of(pair);
    printed(&host.apply(&lerian(DESK), &[]));
    let person = pair.person("ana", &["desk"]).await;
    let may = async |action: &str, resource: &str| {
        let asked = pair.auth.get("/v1/permissions").bearer(person.token()).send().await.expect(200);
        asked.body[resource].as_array().is_some_and(|actions| actions.contains(&json!(action)))
    };
    assert!(may("get", "ledgers").await && !may("get", "assets").await);
    let changed = lerian("    groups: [{ slug: desk, name: Desk, permissions: [], roles: [desk-role] }]\n");
    printed(&host.apply(&changed, &[]));
    let hearing = async { while may("get", "ledgers").await || !may("get", "assets").await {} };
    tokio::time::timeout(Duration::from_secs(5), hearing).await.unwrap();
}

async fn a_broken_file_changes_nothing(pair: &Pair) {
    let host = Host::of(pair);
    printed(&host.apply(&lerian(DESK), &[]));
    let before = host.export();
    let group = |members: &str| lerian(&format!("    displayName: Never\n    groups:\n      - {members}\n"));
    let application = |members: &str| lerian(&format!("    active: true\n    applications:\n      - {members}\n"));
    for (text, parts) in [
        ("tenants: [".to_owned(), ["gatehouse.yaml", "line "]),
        ("version: 2\ntenants: []\n".to_owned(), ["version is 2", "version 1"]),
        (group("{ slug: desk, name: Desk, members: [ana] }"), ["line 6", "`members`"]),
        (group("{ slug: Desk, name: Desk }"), ["line 6", "'id' must be"]),
        (group("{ slug: admin-group, name: Mine }"), ["line 6", "built in"]),
        (group("{ slug: new, name: New, roles: [nothing] }"), ["line 6", "'nothing'"]),
        (group("{ slug: new, name: New, roles: [platform-role] }"), ["line 6", "'platform-role'"]),
        (
            group(
                "{ slug: new, name: New, permissions: [{ product: plugin-identity, resource: tenants, action: get }] }",
            ),
            ["line 6", "cannot be granted"],
        ),
        (group("{ slug: new, name: New }\n      - { slug: new, name: Other }"), ["line 7", "declared twice"]),
        (application("{ name: new, product: nothing, description: x }"), ["line 6", "IDE-0012"]),
        (application("{ name: exports, product: plugin-fees, description: x }"), ["line 6", "'midaz' for ever"]),
        (application("{ name: new, product: midaz, description: x, secretFile: nowhere }"), ["line 6", "nowhere"]),
        (
            application("{ name: new, product: midaz, description: x, secretFromEnvironment: NOWHERE }"),
            ["line 6", "NOWHERE"],
        ),
        (
            application("{ name: new, product: midaz, description: x, secretFile: gatehouse.yaml }"),
            ["line 6", "openssl rand -hex 20"],
        ),
        (lerian("    active: false\n"), ["line 3", "IDE-1020"]),
        (lerian("    settings: { accessTokenSeconds: 5 }\n"), ["line 3", "60 to 6900"]),
        (lerian("  - slug: lerian\n"), ["line 4", "declared twice"]),
    ] {
        let sentence = refusal(&host.apply(&text, &["--prune"]));
        assert!(parts.iter().all(|part| sentence.contains(part)), "{parts:?}: {sentence}");
        assert_eq!(host.export(), before, "{text}");
    }
    assert!(refusal(&host.command(&["apply", "-f", "/nowhere/gatehouse.yaml"])).contains("/nowhere/gatehouse.yaml"));
}

async fn what_is_refused_late_undoes_everything(pair: &Pair) {
    let host = Host::of(pair);
    let before = host.export();
    let folder = host.path().join("secrets");
    std::fs::create_dir(&folder).unwrap();
    let text = lerian("    displayName: Never\n    limits: { groups: 17 }\n");
    let text = format!("{text}{DESK}  - slug: acme\n");
    let sentence = refusal(&host.apply(&text, &["--secrets-out", folder.to_str().unwrap()]));
    assert!(sentence.contains("IDE-1019"), "{sentence}");
    assert_eq!(host.export(), before);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    // A name that was deleted is never given again.
    printed(&host.apply(&lerian("    groups: [{ slug: gone, name: Gone }]\n"), &[]));
    printed(&host.apply(&lerian("    groups: []\n"), &["--prune"]));
    let sentence = refusal(&host.apply(&lerian("    groups: [{ slug: gone, name: Gone }]\n"), &[]));
    assert!(sentence.contains("IDE-1009") && sentence.contains("'gone'"), "{sentence}");
}

async fn a_secret_by_reference_is_added_once(pair: &Pair) {
    let host = Host::of(pair);
    let with = |reference: &str| {
        lerian(&format!(
            "    applications:\n      - {{ name: exports, product: midaz, description: x, {reference} }}\n"
        ))
    };
    std::fs::write(host.path().join("exports.secret"), format!("{}\n", "a".repeat(40))).unwrap();
    let (file, variable) = (with("secretFile: exports.secret"), with("secretFromEnvironment: EXPORTS_SECRET"));
    let shown = printed(&host.apply(&file, &[]));
    assert!(shown.contains("+ secret sha256:") && !shown.contains("aaaa"), "{shown}");
    assert_eq!(printed(&host.apply(&file, &[])), "nothing to change\n");
    printed(&host.apply(&variable, &[]));
    assert_eq!(printed(&host.apply(&variable, &[])), "nothing to change\n");

    std::fs::write(host.path().join("exports.secret"), "c".repeat(40)).unwrap();
    assert!(refusal(&host.apply(&file, &[])).contains("IDE-1015"));
}
