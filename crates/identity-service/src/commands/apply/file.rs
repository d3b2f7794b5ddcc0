//! What stands in an apply file; unknown members are refused, with their line.

use std::path::PathBuf;

use ::identity::password::Kinds;
use ::identity::tenant::{KindsChange, Limits, LimitsChange, Settings, SettingsChange};
use domain::permission::Permission;
use serde::{Deserialize, Deserializer, Serialize};
use serde_saphyr::{Location, Spanned};
use service_kit::settings::SettingsError;

/// The version of the format.
pub(super) const VERSION: u32 = 1;
/// The largest file, in bytes.
pub(super) const LARGEST: u64 = 4 << 20;

/// Just the version, so that a file of a later build is refused for that and not for a member it brings.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: u32,
    pub(super) tenants: Vec<TenantEntry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TenantEntry {
    pub(super) slug: Spanned<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) active: Option<bool>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) settings: SettingsEntry,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) limits: LimitsEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) administrator: Option<AdministratorEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) roles: Option<Vec<RoleEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) groups: Option<Vec<GroupEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) applications: Option<Vec<ApplicationEntry>>,
}

#[derive(Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SettingsEntry {
    #[serde(skip_serializing_if = "is_default")]
    password_kinds: KindsEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_grant: Option<bool>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    access_token_seconds: Option<Option<u32>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    session_idle_seconds: Option<Option<u32>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    session_absolute_seconds: Option<Option<u32>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    machine_refresh_seconds: Option<Option<u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_networks: Option<Vec<String>>,
}

#[derive(Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct KindsEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    upper: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digit: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    special: Option<bool>,
}

#[derive(Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct LimitsEntry {
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    users: Option<Option<u32>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    groups: Option<Option<u32>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    applications: Option<Option<u32>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    requests_per_second: Option<Option<u32>>,
}

/// Read only when the tenant is made.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AdministratorEntry {
    pub(super) username: Option<String>,
    pub(super) email: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_from_environment: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleEntry {
    pub(super) slug: Spanned<String>,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) permissions: Option<Vec<PermissionEntry>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupEntry {
    pub(super) slug: Spanned<String>,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) permissions: Option<Vec<PermissionEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) roles: Option<Vec<String>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ApplicationEntry {
    pub(super) name: Spanned<String>,
    pub(super) product: String,
    pub(super) description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret_from_environment: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PermissionEntry {
    pub(super) product: String,
    pub(super) resource: String,
    pub(super) action: String,
}

/// Reads a file; `shown` is how sentences name it.
pub(super) fn parse(shown: &str, text: &str) -> Result<File, SettingsError> {
    let options = || {
        serde_saphyr::options! {
            strict_booleans: true,
            with_snippet: false,
        }
    };
    let version = serde_saphyr::from_str_with_options::<Versioned>(text, options());
    if let Ok(Versioned { version }) = version
        && version != VERSION
    {
        let reason = format!(
            "{shown}: the version is {version}, and this build reads version {VERSION}; use the build that wrote it, or write 'version: {VERSION}'"
        );
        return Err(SettingsError::new(reason));
    }
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        let told = error.to_string().lines().next().unwrap_or_default().to_owned();
        SettingsError::new(format!("{shown} cannot be read, correct it there: {told}"))
    })
}

impl SettingsEntry {
    pub(super) fn change(&self) -> SettingsChange {
        let KindsEntry { upper, lower, digit, special } = self.password_kinds;
        SettingsChange {
            password_kinds: KindsChange { upper, lower, digit, special },
            password_grant: self.password_grant,
            access_token_seconds: self.access_token_seconds,
            session_idle_seconds: self.session_idle_seconds,
            session_absolute_seconds: self.session_absolute_seconds,
            machine_refresh_seconds: self.machine_refresh_seconds,
            allowed_networks: self.allowed_networks.clone(),
        }
    }

    /// All settings; those of the deployment are told as null, so that applying them elsewhere takes others back.
    pub(super) fn of(settings: &Settings) -> Self {
        let Kinds { upper, lower, digit, special } = settings.password_kinds;
        let [upper, lower, digit, special] = [upper, lower, digit, special].map(Some);
        Self {
            password_kinds: KindsEntry { upper, lower, digit, special },
            password_grant: Some(settings.password_grant),
            access_token_seconds: Some(settings.access_token_seconds),
            session_idle_seconds: Some(settings.session_idle_seconds),
            session_absolute_seconds: Some(settings.session_absolute_seconds),
            machine_refresh_seconds: Some(settings.machine_refresh_seconds),
            allowed_networks: Some(settings.allowed_networks.clone()),
        }
    }
}

impl LimitsEntry {
    pub(super) fn change(&self) -> LimitsChange {
        LimitsChange {
            users: self.users,
            groups: self.groups,
            applications: self.applications,
            requests_per_second: self.requests_per_second,
        }
    }

    pub(super) fn of(limits: &Limits) -> Self {
        Self {
            users: Some(limits.users),
            groups: Some(limits.groups),
            applications: Some(limits.applications),
            requests_per_second: Some(limits.requests_per_second),
        }
    }
}

impl PermissionEntry {
    pub(super) fn of(permission: &Permission) -> Self {
        let Permission { product, resource, action } = permission.clone();
        Self { product, resource, action }
    }
}

/// A value that no line is known of.
pub(super) fn placeless(value: &str) -> Spanned<String> {
    Spanned::new(value.to_owned(), Location::UNKNOWN, Location::UNKNOWN)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Tells null, which takes a value back, from a member that is absent.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let Err(error) = parse("gatehouse.yaml", text) else { unreachable!("{text} is read") };
        let sentence = error.to_string();
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
        sentence
    }

    #[test]
    fn a_file_that_is_broken_is_refused_with_the_line() {
        for (text, parts) in [
            ("version: 1\ntenants:\n  - slug: acme\n    grups: []\n", ["line 4", "`grups`"]),
            ("version: 1\ntenants:\n  - slug: acme\n    slug: best\n", ["line 4", "duplicate"]),
            ("version: 1\ntenants: [\n", ["line", "gatehouse.yaml"]),
            ("version: 1\ntenants:\n  - slug: acme\n    active: maybe\n", ["line 4", "bool"]),
            ("version: 7\nrealms: []\n", ["version is 7", "version 1"]),
            ("tenants: []\n", ["`version`", "line 1"]),
            ("", ["line 1", "gatehouse.yaml"]),
        ] {
            let sentence = refusal(text);
            assert!(parts.iter().all(|part| sentence.contains(part)), "{sentence}");
        }
    }

    #[test]
    fn json_is_read_and_null_is_told_from_absent() {
        let text = r#"{"version": 1, "tenants": [{"slug": "acme", "limits": {"users": null, "groups": 5}}]}"#;
        let file = parse("gatehouse.json", text).unwrap();
        let limits = file.tenants[0].limits.change();
        assert_eq!((limits.users, limits.groups, limits.applications), (Some(None), Some(Some(5)), None));
    }
}
