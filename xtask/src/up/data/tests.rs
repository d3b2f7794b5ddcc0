use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

fn folder() -> (TempDir, DataFolder) {
    let temporary = tempfile::tempdir().unwrap();
    let data = DataFolder::at(Some(&temporary.path().join("data"))).unwrap();
    (temporary, data)
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn secrets_are_for_their_owner_alone_and_stay_at_the_second_start() {
    let (_temporary, data) = folder();
    data.claim().unwrap();
    let first = data.secrets().unwrap();
    assert_eq!(mode(data.path()), 0o700);
    assert!(first.all().iter().all(|path| mode(path) == 0o600));
    let password = fs::read(&first.admin_password).unwrap();

    data.claim().unwrap();
    let second = data.secrets().unwrap();
    assert_eq!(fs::read(second.admin_password).unwrap(), password);
}

#[test]
fn a_foreign_folder_is_refused_and_stays_as_it_is() {
    let (_temporary, data) = folder();
    fs::create_dir(data.path()).unwrap();
    fs::write(data.path().join("thesis.txt"), "years").unwrap();
    let sentence = data.claim().unwrap_err().to_string();
    assert!(sentence.contains("holds foreign files"), "{sentence}");
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1);
}

#[test]
fn a_fresh_start_removes_what_it_made_and_nothing_else() {
    let (_temporary, data) = folder();
    data.claim().unwrap();
    let secrets = data.secrets().unwrap();
    for name in ["auth.db", "identity.db-wal", "notes.txt"] {
        fs::write(data.path().join(name), "x").unwrap();
    }
    data.remove_made_files().unwrap();
    assert!(secrets.all().iter().all(|path| !path.exists()));
    assert!(!data.path().join("auth.db").exists() && !data.path().join("identity.db-wal").exists());
    assert!(data.path().join("notes.txt").exists());
}

#[test]
fn a_lost_key_is_not_replaced_while_its_database_is_there() {
    let (_temporary, data) = folder();
    data.claim().unwrap();
    let secrets = data.secrets().unwrap();
    fs::write(data.path().join("auth.db"), "x").unwrap();
    fs::remove_file(&secrets.auth_master_key).unwrap();
    assert!(data.secrets().is_err());
    assert!(!secrets.auth_master_key.exists());
}

#[test]
fn a_process_that_took_over_the_number_is_not_ours() {
    let (_temporary, data) = folder();
    data.claim().unwrap();
    let own = std::process::id();
    data.remember_running(Pids { auth_service: own, identity_service: own }).unwrap();
    assert!(data.running().unwrap().is_empty());
    data.forget_running().unwrap();
    assert!(data.running().unwrap().is_empty());
}
