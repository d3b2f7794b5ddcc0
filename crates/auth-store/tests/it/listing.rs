//! People see their own sessions, and those alone.

use auth::session::{EndReason, Session};
use auth_store::sessions;
use domain::Epoch;
use domain::id::{TenantId, UserId};
use domain::page::{Listed, Page, Start};
use error_codes::{Result, aut};
use testkit::TestDatabase;
use uuid::Uuid;

use crate::{Fixture, ana, bob, seconds, somebody, tenant};

testkit::on_both_engines! {
    the_newest_session_comes_first_and_pages_meet,
    sessions_that_are_over_are_not_listed,
    nobody_finds_the_session_of_another,
    a_cursor_that_is_no_session_is_refused,
}

async fn list(fixture: &Fixture, tenant: TenantId, user: UserId, page: Page) -> Result<Listed<Session>> {
    fixture.store.read(move |unit| sessions::list_live(unit, tenant, user, Epoch(0), &page)).await
}

async fn the_newest_session_comes_first_and_pages_meet(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let mut newest_first = Vec::new();
    for _ in 0..5 {
        newest_first.insert(0, fixture.begin(tenant(), ana()).await);
        fixture.clock.advance(seconds(1));
    }
    fixture.begin(tenant(), bob()).await;

    let first = list(&fixture, tenant(), ana(), Page::first(3)).await.unwrap();
    assert_eq!((&first.rows[..], first.total), (&newest_first[..3], 5));
    let cursor = first.next.unwrap();
    for start in [Start::After(cursor), Start::Offset(3)] {
        let second = list(&fixture, tenant(), ana(), Page { limit: 3, start }).await.unwrap();
        let expected = Listed { rows: newest_first[3..].to_vec(), next: None, total: 5 };
        assert_eq!(second, expected);
    }
    let whole = list(&fixture, tenant(), ana(), Page::first(5)).await.unwrap();
    assert_eq!((whole.rows.len(), whole.next), (5, None));
}

async fn sessions_that_are_over_are_not_listed(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    fixture.begin(tenant(), ana()).await;
    fixture.clock.advance(seconds(23 * 3_600));
    let ended = fixture.begin(tenant(), ana()).await;
    let lives = fixture.begin(tenant(), ana()).await;
    fixture.store.write(move |unit| sessions::mark_ended(unit, &ended, EndReason::ByUser, &somebody())).await.unwrap();
    fixture.clock.advance(seconds(3_600));

    let listed = list(&fixture, tenant(), ana(), Page::first(10)).await.unwrap();
    assert_eq!(listed, Listed { rows: vec![lives], next: None, total: 1 });
}

async fn nobody_finds_the_session_of_another(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let session = fixture.begin(tenant(), ana()).await;
    let elsewhere = TenantId::from(Uuid::from_u128(9));
    for (tenant, user, expected) in
        [(tenant(), ana(), Some(&session)), (tenant(), bob(), None), (elsewhere, ana(), None)]
    {
        let id = session.login.session;
        let found = fixture.store.read(move |unit| sessions::find_live(unit, tenant, user, id)).await.unwrap();
        assert_eq!(found.as_ref(), expected);
        let listed = list(&fixture, tenant, user, Page::first(10)).await.unwrap();
        assert_eq!(listed.rows.first(), expected);
    }
}

async fn a_cursor_that_is_no_session_is_refused(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let page = Page { limit: 10, start: Start::After("nonsense".to_owned()) };
    let failure = list(&fixture, tenant(), ana(), page).await.unwrap_err();
    assert_eq!(failure.code(), aut::INVALID_QUERY_PARAMETER);
    assert!(failure.fields().contains_key("cursor"));
}
