use domain::OsEntropy;

use super::*;

fn tenant() -> Tenant {
    let now = Timestamp::from_seconds(1_000);
    Tenant::new(Slug::parse("acme").unwrap(), "Acme".to_owned(), now, &OsEntropy)
}

fn refused(change: TenantChange) -> Vec<String> {
    let failure = change.apply(&tenant()).unwrap_err();
    assert_eq!(failure.code(), ide::INVALID_FIELD_TYPE);
    failure.fields().keys().cloned().collect()
}

#[test]
fn absent_settings_are_the_defaults_and_unknown_ones_are_refused() {
    assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
    let digits = serde_json::from_str::<Settings>(r#"{"passwordKinds":{"digit":true}}"#).unwrap();
    assert!(digits.password_kinds.digit && digits.password_grant);
    assert!(serde_json::from_str::<Settings>(r#"{"passwordKind":{}}"#).is_err());
    assert_eq!(serde_json::from_str::<Limits>("{}").unwrap(), Limits::default());
}

#[test]
fn what_is_absent_stays_as_it_is() {
    let tenant = tenant();
    assert_eq!(TenantChange::default().apply(&tenant).unwrap(), tenant);
}

#[test]
fn disabling_raises_the_epoch_and_enabling_does_not() {
    let active = |active| TenantChange { active: Some(active), ..TenantChange::default() };
    let disabled = active(false).apply(&tenant()).unwrap();
    assert_eq!((disabled.active, disabled.epoch), (false, Epoch(1)));
    assert_eq!(active(false).apply(&disabled).unwrap().epoch, Epoch(1));
    let enabled = active(true).apply(&disabled).unwrap();
    assert_eq!((enabled.active, enabled.epoch), (true, Epoch(1)));
}

#[test]
fn a_setting_is_within_its_range_or_the_deployments() {
    let access = |seconds| TenantChange {
        settings: SettingsChange { access_token_seconds: Some(seconds), ..SettingsChange::default() },
        ..TenantChange::default()
    };
    let set = access(Some(60)).apply(&tenant()).unwrap();
    assert_eq!(set.settings.access_token_seconds, Some(60));
    assert_eq!(access(None).apply(&set).unwrap().settings, Settings::default());
    for wrong in [0, 59, 6_901] {
        assert_eq!(refused(access(Some(wrong))), ["settings.accessTokenSeconds"]);
    }
}

#[test]
fn a_session_does_not_idle_longer_than_it_lasts() {
    let settings = SettingsChange {
        session_idle_seconds: Some(Some(3_600)),
        session_absolute_seconds: Some(Some(1_800)),
        ..SettingsChange::default()
    };
    assert_eq!(refused(TenantChange { settings, ..TenantChange::default() }), ["settings.sessionIdleSeconds"]);
}

#[test]
fn a_limit_of_nothing_is_none() {
    let users = |count| TenantChange {
        limits: LimitsChange { users: Some(count), ..LimitsChange::default() },
        ..TenantChange::default()
    };
    let limited = users(Some(3)).apply(&tenant()).unwrap();
    assert_eq!(limited.limits.users, Some(3));
    for nothing in [Some(0), None] {
        assert_eq!(users(nothing).apply(&limited).unwrap().limits, Limits::default());
    }
    assert_eq!(refused(users(Some(u32::MAX))), ["limits.users"]);
}

#[test]
fn what_goes_beyond_a_limit_is_refused() {
    assert!(keep_within("users", None, u64::MAX).is_ok() && keep_within("users", Some(3), 3).is_ok());
    let failure = keep_within("users", Some(3), 4).unwrap_err();
    assert_eq!(failure.code(), ide::TENANT_LIMIT);
    assert!(failure.fields().contains_key("users"));
}

#[test]
fn a_new_tenant_has_an_administrator_whatever_is_said() {
    let new = NewTenant::parse(&RawNewTenant { name: "acme", ..RawNewTenant::default() }).unwrap();
    assert_eq!((new.slug.as_str(), new.display_name.as_str()), ("acme", "Acme"));
    assert_eq!(new.administrator.username.as_str(), "admin");
    assert_eq!(new.administrator.email.as_str(), "admin@acme.invalid");
}

#[test]
fn everything_wrong_about_a_new_tenant_is_named() {
    let wrong =
        |raw: RawNewTenant<'_>| NewTenant::parse(&raw).unwrap_err().fields().keys().cloned().collect::<Vec<_>>();
    let limits = LimitsChange { groups: Some(Some(u32::MAX)), ..LimitsChange::default() };
    let raw = RawNewTenant { name: "Acme", display_name: Some(""), limits, ..RawNewTenant::default() };
    assert_eq!(wrong(raw), ["displayName", "limits.groups", "name"]);
    let administrator = RawAdministrator { email: Some("nobody"), ..RawAdministrator::default() };
    let raw = RawNewTenant { name: "acme", administrator, ..RawNewTenant::default() };
    assert_eq!(wrong(raw), ["administrator.email"]);
}

#[test]
fn no_slug_reads_as_an_id() {
    let id = "0198c0de-0000-7000-8000-000000000001";
    assert!(NewTenant::parse(&RawNewTenant { name: id, ..RawNewTenant::default() }).is_err());
    assert!(matches!(TenantName::parse(id), Ok(TenantName::Id(_))));
    assert!(matches!(TenantName::parse("acme"), Ok(TenantName::Slug(_))));
    assert_eq!(TenantName::parse("No Tenant").unwrap_err().code(), ide::TENANT_NOT_FOUND);
}

#[test]
fn the_system_tenant_is_not_ended() {
    let (system, other) = (tenant(), tenant());
    assert_eq!(system.may_end(system.id).unwrap_err().code(), ide::SYSTEM_TENANT);
    assert!(other.may_end(system.id).is_ok());
}
