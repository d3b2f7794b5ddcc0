//! The file of a backup: whole or refused, for nobody else to read, and without any key.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use gatehouse::reading::verify;
use pair::Pair;
use serde_json::{Value, json};

use crate::{Shelf, beside, deployment};

pair::on_both_engines! {
    a_whole_backup_tells_what_it_holds,
    a_backup_cut_short_anywhere_is_refused,
    a_changed_backup_is_refused,
    a_backup_of_a_newer_format_is_refused,
    no_key_and_no_secret_is_in_a_backup,
    a_file_that_is_there_is_not_overwritten,
}

/// What somebody does to the lines of a backup.
type Edit<'a> = &'a dyn Fn(&mut Vec<String>);

/// The lines of a backup.
pub(crate) fn lines_of(file: &Path) -> Vec<String> {
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Writes lines as a backup has them.
pub(crate) fn write_lines(file: &Path, lines: &[String]) {
    let mut out = GzEncoder::new(std::fs::File::create(file).unwrap(), Compression::fast());
    for line in lines {
        writeln!(out, "{line}").unwrap();
    }
    out.finish().unwrap();
}

/// The values of a column in a backup.
pub(crate) fn rows_of(file: &Path, service: &str, table: &str, column: &str) -> BTreeSet<String> {
    let lines: Vec<Value> = lines_of(file).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let begin = lines.iter().position(|line| line["service"] == service && line["table"] == table).unwrap();
    let columns = lines[begin]["columns"].as_array().unwrap();
    let at = columns.iter().position(|name| name == column).unwrap();
    lines[begin + 1..].iter().take_while(|line| line.is_array()).map(|row| row[at].to_string()).collect()
}

#[track_caller]
fn refusal(file: &Path) -> String {
    let sentence = verify(file).unwrap_err().to_string();
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    assert!(sentence.contains(file.to_str().unwrap()), "{sentence}");
    sentence
}

async fn a_whole_backup_tells_what_it_holds(pair: &mut Pair) {
    let shelf = Shelf::new();
    pair.person("ana", &[]).await;
    let file = shelf.backup(pair, "backup").await;
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let contents = verify(&file).unwrap();
    let services: Vec<&str> = contents.header.databases.iter().map(|origin| origin.service.as_str()).collect();
    assert_eq!(services, ["auth-service", "identity-service"]);
    let rows = |wanted: &str| contents.tables.iter().find(|(_, table, _)| table.name == wanted).unwrap().2.rows;
    assert_eq!((rows("users"), rows("signing_keys"), rows("feed_head")), (2, 1, 1));
    assert_eq!(contents.sum.rows, contents.tables.iter().map(|(.., sum)| sum.rows).sum::<u64>());
    // Nothing else is left in the folder.
    assert_eq!(std::fs::read_dir(shelf.0.path()).unwrap().count(), 1);
}

async fn a_backup_cut_short_anywhere_is_refused(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.backup(pair, "backup").await;
    let whole = std::fs::read(&file).unwrap();
    let cut = shelf.file("cut");
    let lengths = (0..whole.len()).step_by(whole.len() / 40).chain(whole.len() - 30..whole.len());
    for length in lengths {
        std::fs::write(&cut, &whole[..length]).unwrap();
        let sentence = refusal(&cut);
        assert!(sentence.contains("cut short") || sentence.contains("no backup"), "{length}: {sentence}");
    }
    // Cut between two lines, and compressed again as if that were all.
    let lines = lines_of(&file);
    for length in 1..lines.len() {
        write_lines(&cut, &lines[..length]);
        assert!(refusal(&cut).ends_with("is cut short or was changed; take another copy of the backup"));
    }
    std::fs::write(&cut, [whole.as_slice(), b"x"].concat()).unwrap();
    assert!(refusal(&cut).contains("was changed"));
    std::fs::write(&cut, [whole.as_slice(), whole.as_slice()].concat()).unwrap();
    assert!(refusal(&cut).contains("was changed"));
}

async fn a_changed_backup_is_refused(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.backup(pair, "backup").await;
    let changed = shelf.file("changed");
    let whole = std::fs::read(&file).unwrap();
    for at in (10..whole.len()).step_by(whole.len() / 60) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        std::fs::write(&changed, bytes).unwrap();
        refusal(&changed);
    }
    let lines = lines_of(&file);
    let row = lines.iter().position(|line| line.starts_with("[{")).unwrap();
    let edits: [Edit<'_>; 6] = [
        &|lines| lines.swap(row, row - 1),
        &|lines| drop(lines.remove(row)),
        &|lines| lines.insert(row, lines[row].clone()),
        &|lines| lines[0] = lines[0].replace("SQLite", "PostgreSQL").replace("\"0001\"", "\"0010\""),
        &|lines| lines[row] = lines[row].replacen("=\"", "\"", 1).replacen("A", "B", 1),
        &|lines| lines.push(lines[row].clone()),
    ];
    for (number, edit) in edits.iter().enumerate() {
        let mut edited = lines.clone();
        edit(&mut edited);
        assert_ne!(edited, lines, "{number}");
        write_lines(&changed, &edited);
        assert!(refusal(&changed).contains("was changed"), "{number}");
    }
}

async fn a_backup_of_a_newer_format_is_refused(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.backup(pair, "backup").await;
    let mut lines = lines_of(&file);
    let mut header: Value = serde_json::from_str(&lines[0]).unwrap();
    header["format"] = json!(2);
    header["version"] = json!("9.0.0");
    lines[0] = header.to_string();
    write_lines(&file, &lines);
    let sentence = refusal(&file);
    assert!(sentence.ends_with("restore it with Gatehouse 9.0.0 or newer"), "{sentence}");
    std::fs::write(&file, "hello").unwrap();
    assert!(refusal(&file).ends_with("is no backup of Gatehouse; name one"));
    write_lines(&file, &["{}".to_owned()]);
    assert!(refusal(&file).ends_with("is no backup of Gatehouse; name one"));
}

async fn no_key_and_no_secret_is_in_a_backup(pair: &mut Pair) {
    let shelf = Shelf::new();
    let application = pair.application("midaz").await;
    pair.application_token(&application).await;
    let lines = lines_of(&shelf.backup(pair, "backup").await);
    let text = lines.join("\n");
    let mut raw = text.clone().into_bytes();
    for piece in text.split("{\"base64\":\"").skip(1) {
        raw.extend(base64(piece.split('"').next().unwrap()));
    }
    let secret = |name: &str| pair.secret(name);
    for hidden in [
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
        "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI",
        &"01".repeat(32),
        &"02".repeat(32),
        &secret("auth-to-identity"),
        &secret("identity-to-auth"),
        &application.client_secret,
        "Gatehouse-test-1",
    ] {
        assert!(!text.contains(hidden), "{hidden} is in the backup");
    }
    for key in [[1_u8; 32], [2; 32]] {
        assert!(!raw.windows(32).any(|window| window == key), "a deployment key is in the backup");
    }
    // The search can find: what is sealed and hashed is there.
    assert!(text.contains("signing_keys") && text.contains("bcrypt") || text.contains("$2"), "no hash was found");
}

async fn a_file_that_is_there_is_not_overwritten(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.file("backup");
    std::fs::write(&file, "precious").unwrap();
    let (over, to, clock) = (deployment(pair), file.clone(), std::sync::Arc::clone(&pair.clock));
    let refused = beside(move || gatehouse::backup::backup(&over, &to, &*clock, &mut |_| {})).await;
    assert!(refused.unwrap_err().to_string().ends_with("is there already; name another file"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}
