//! A backup beside writers: nobody is held up, and nothing acknowledged before is missing.

use std::collections::BTreeSet;
use std::sync::{Arc, mpsc};

use gatehouse::restore::Manner;
use pair::{Engine, Pair, password_of};

use crate::file::rows_of;
use crate::{Shelf, beside, deployment, move_to};

pair::on_both_engines! {
    a_backup_holds_what_was_acknowledged_before_and_holds_nobody_up,
}

async fn a_backup_holds_what_was_acknowledged_before_and_holds_nobody_up(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.file("backup");
    let administrator = pair.administrator().await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(format!("before-{number}"));
        pair.create_user(&administrator, &made[number], &[]).await.expect(201);
        pair.log_in(&made[number], &password_of(&made[number])).await.expect(200);
    }

    let (written, writes) = mpsc::sync_channel::<()>(0);
    let (to, over, clock) = (file.clone(), deployment(pair), Arc::clone(&pair.clock));
    let backing_up = tokio::spawn(beside(move || {
        // The backup does not go on before two more have been written, at each of its tables.
        let outcome = gatehouse::backup::backup(&over, &to, &*clock, &mut |_| {
            writes.recv().unwrap();
            writes.recv().unwrap();
        });
        outcome.map(|_| ())
    }));
    let mut meanwhile = 0;
    while !backing_up.is_finished() {
        let name = format!("meanwhile-{meanwhile}");
        pair.create_user(&administrator, &name, &[]).await.expect(201);
        pair.log_in(&name, &password_of(&name)).await.expect(200);
        meanwhile += 1;
        // Whoever listens no more has finished.
        while !backing_up.is_finished() && matches!(written.try_send(()), Err(mpsc::TrySendError::Full(()))) {
            tokio::task::yield_now().await;
        }
    }
    backing_up.await.unwrap().unwrap();
    assert!(meanwhile >= 20, "only {meanwhile} users were made while the backup ran");

    let users: BTreeSet<String> = rows_of(&file, "identity-service", "users", "id");
    let sessions = rows_of(&file, "auth-service", "sessions", "user_id");
    assert!(sessions.len() >= made.len() && sessions.is_subset(&users), "a session of nobody was backed up");

    move_to(pair, Engine::Sqlite, &file, Manner::default()).await;
    for username in &made {
        pair.log_in(username, &password_of(username)).await.expect(200);
    }
    // What came in the middle is wholly there or not at all, and can be made again where it is not.
    let administrator = pair.administrator().await;
    for number in 0..meanwhile {
        let name = format!("meanwhile-{number}");
        let there = pair.log_in(&name, &password_of(&name)).await.status == 200;
        let again = pair.create_user(&administrator, &name, &[]).await.status;
        assert_eq!(again, if there { 409 } else { 201 }, "{name}");
    }
}
