//! Settings: a documented file plus environment, in which nothing unknown is passed over in silence.
//!
//! The reference file of a service lists every key with its default, and is where all three layers begin: reference,
//! then the operator's file, then the environment (`GATEHOUSE_AUTH__HTTP__LISTEN`). An empty table in it, such as
//! `[grpc.callers]`, takes any names.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{Config, Environment, File, FileFormat};
use domain::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Why the settings cannot be used, as one sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError(String);

impl SettingsError {
    /// A sentence for the operator.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

/// The `[operations]` table: the listener of operators.
#[derive(Clone, Debug, Deserialize)]
pub struct OperationsSettings {
    /// `ADDRESS:PORT`.
    pub listen: SocketAddr,
}

/// The `[keys]` table: the deployment keys.
#[derive(Clone, Debug, Deserialize)]
pub struct KeySettings {
    /// The file that holds them.
    pub file: PathBuf,
}

/// The `[audit]` table: the audit trail.
#[derive(Clone, Debug, Deserialize)]
pub struct AuditSettings {
    /// How long events are kept.
    pub retention_days: u32,
}

impl AuditSettings {
    /// A century; far below what either database can count.
    const LONGEST: u32 = 36_500;

    /// How long events are kept.
    ///
    /// # Errors
    /// A sentence when it is no day, or more than a century.
    pub fn retention(&self) -> Result<Duration, SettingsError> {
        if (1..=Self::LONGEST).contains(&self.retention_days) {
            Ok(Duration::from_secs(24 * 60 * 60) * self.retention_days)
        } else {
            Err(SettingsError(format!("'audit.retention_days' must be from 1 to {}", Self::LONGEST)))
        }
    }
}

impl KeySettings {
    /// Reads the text of the key file.
    pub fn read(&self) -> Result<Secret<String>, SettingsError> {
        read_private(&self.file, "key file")
    }

    /// The refusal of a file without a key that something still needs.
    pub fn lacking(&self, key_id: u8, needs: impl fmt::Display) -> SettingsError {
        SettingsError(format!(
            "the key file {} lacks key {key_id}, which is needed by {needs}; put its line back below the current one, or \
             lose that with 'master-key drop --anyway'",
            self.file.display()
        ))
    }

    /// The refusal of keys that are not those of the database.
    pub fn foreign(&self, reason: impl fmt::Display) -> SettingsError {
        SettingsError(format!(
            "the deployment keys in {} are not those of this database ({reason}); bring back the key file that it was \
             used with, or name it in 'keys.file'",
            self.file.display()
        ))
    }
}

/// A setting that must be within a range.
pub fn within<T: PartialOrd + fmt::Display + Copy>(
    name: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<T, SettingsError> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(SettingsError(format!("'{name}' is {value} and must be from {} to {}", range.start(), range.end())))
}

/// Reads a file that holds a secret, and warns when others on the host may read it too.
pub fn read_private(file: &Path, what: &str) -> Result<Secret<String>, SettingsError> {
    let cannot =
        |error: std::io::Error| SettingsError(format!("the {what} {} cannot be read: {error}", file.display()));
    let text = Secret::new(std::fs::read_to_string(file).map_err(cannot)?);
    let mode = std::fs::metadata(file).map_err(cannot)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(file = %file.display(), mode = format!("{:o}", mode & 0o777), "others may read this {what}");
    }
    Ok(text)
}

/// Where the settings of one service come from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Such as `GATEHOUSE_AUTH`.
    pub prefix: &'a str,
    /// The text of the reference file.
    pub reference: &'a str,
    /// Keys whose value from the environment is a list separated by commas.
    pub lists: &'a [&'a str],
}

/// Settings in force, and how they read.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// For the process.
    pub settings: T,
    /// For a person, as TOML, with the passwords of URLs hidden.
    pub shown: String,
}

impl Source<'_> {
    /// Reads the settings from the operator's file, when there is one, and the given environment.
    pub fn load<T: DeserializeOwned>(
        &self,
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded<T>, SettingsError> {
        let known = known_keys(self.reference)?;
        let mut builder = Config::builder().add_source(File::from_str(self.reference, FileFormat::Toml));
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|error| {
                SettingsError(format!("the settings file {} cannot be read: {error}", path.display()))
            })?;
            for key in keys_of(&parse(&text, &path.display().to_string())?) {
                known.require(&key, &format!("{} holds", path.display()))?;
            }
            builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
        }
        let prefix = format!("{}__", self.prefix);
        let mut variables: Vec<(String, String)> =
            environment.into_iter().filter(|(name, _)| name.starts_with(&prefix)).collect();
        let key_of = |name: &str| name[prefix.len()..].to_lowercase().replace("__", ".");
        for (name, _) in &variables {
            known.require(&key_of(name), &format!("the environment variable {name} names"))?;
        }
        // An empty text is an empty list, not a list of one empty text.
        let is_empty_list = |name: &str, value: &str| value.is_empty() && self.lists.contains(&key_of(name).as_str());
        for (name, _) in variables.iter().filter(|(name, value)| is_empty_list(name, value)) {
            builder = builder.set_override(key_of(name), Vec::<String>::new()).map_err(sentence)?;
        }
        variables.retain(|(name, value)| !is_empty_list(name, value));
        let mut from_environment = Environment::with_prefix(self.prefix)
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .source(Some(variables.into_iter().collect()));
        for list in self.lists {
            from_environment = from_environment.with_list_parse_key(list);
        }
        let merged = builder.add_source(from_environment).build().map_err(sentence)?;
        let shown = merged.clone().try_deserialize::<toml::Table>().map_err(sentence)?;
        let settings = merged.try_deserialize().map_err(sentence)?;
        Ok(Loaded { settings, shown: hide_passwords(shown) })
    }
}

fn sentence(error: config::ConfigError) -> SettingsError {
    SettingsError(format!("the settings cannot be used: {error}"))
}

fn parse(text: &str, name: &str) -> Result<toml::Table, SettingsError> {
    text.parse().map_err(|error: toml::de::Error| SettingsError(format!("{name} is not TOML: {}", error.message())))
}

/// The keys of the reference file, and the tables that take any name.
struct KnownKeys {
    exact: BTreeSet<String>,
    open: BTreeSet<String>,
}

impl KnownKeys {
    fn require(&self, key: &str, who: &str) -> Result<(), SettingsError> {
        let in_open_table = key.rsplit_once('.').is_some_and(|(table, _)| self.open.contains(table));
        if self.exact.contains(key) || in_open_table {
            return Ok(());
        }
        let nearest = self.exact.iter().min_by_key(|known| strsim::damerau_levenshtein(known, key));
        let hint = nearest.map(|known| format!("; did you mean '{known}'?")).unwrap_or_default();
        Err(SettingsError(format!("{who} the unknown setting '{key}'{hint}")))
    }
}

fn known_keys(reference: &str) -> Result<KnownKeys, SettingsError> {
    let table = parse(reference, "the reference file")?;
    let mut open = BTreeSet::new();
    find_open_tables(&table, "", &mut open);
    Ok(KnownKeys { exact: keys_of(&table).into_iter().collect(), open })
}

fn find_open_tables(table: &toml::Table, path: &str, open: &mut BTreeSet<String>) {
    for (name, value) in table {
        if let toml::Value::Table(inner) = value {
            let path = join(path, name);
            if inner.is_empty() {
                open.insert(path.clone());
            }
            find_open_tables(inner, &path, open);
        }
    }
}

fn keys_of(table: &toml::Table) -> Vec<String> {
    let mut keys = Vec::new();
    collect_keys(table, "", &mut keys);
    keys
}

fn collect_keys(table: &toml::Table, path: &str, keys: &mut Vec<String>) {
    for (name, value) in table {
        let path = join(path, name);
        match value.as_table() {
            Some(inner) => collect_keys(inner, &path, keys),
            None => keys.push(path),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn hide_passwords(mut table: toml::Table) -> String {
    fn hide(value: &mut toml::Value) {
        match value {
            toml::Value::String(text) => {
                if let Ok(mut url) = url::Url::parse(text)
                    && url.password().is_some()
                {
                    // A URL that has a password can also lose it.
                    let _ = url.set_password(Some("hidden"));
                    *text = url.into();
                }
            }
            toml::Value::Array(values) => values.iter_mut().for_each(hide),
            toml::Value::Table(table) => table.iter_mut().for_each(|(_, value)| hide(value)),
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Datetime(_) => {}
        }
    }
    table.iter_mut().for_each(|(_, value)| hide(value));
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Example {
        http: Http,
        peers: std::collections::HashMap<String, String>,
        database: Database,
    }

    #[derive(Debug, Deserialize)]
    struct Http {
        listen: String,
        origins: Vec<String>,
        workers: u32,
    }

    #[derive(Debug, Deserialize)]
    struct Database {
        url: String,
    }

    const SOURCE: Source<'static> = Source {
        prefix: "GATEHOUSE_EXAMPLE",
        reference: "[http]\nlisten = '127.0.0.1:1'\norigins = []\nworkers = 2\n[peers]\n[database]\nurl = 'sqlite://x'\n",
        lists: &["http.origins"],
    };

    fn load(file: Option<&Path>, environment: &[(&str, &str)]) -> Result<Loaded<Example>, SettingsError> {
        SOURCE.load(file, environment.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())))
    }

    #[test]
    fn the_environment_stands_above_the_file_and_the_file_above_the_reference() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("example.toml");
        std::fs::write(&file, "[http]\nlisten = 'file:1'\nworkers = 3\n").unwrap();
        let loaded = load(
            Some(&file),
            &[
                ("GATEHOUSE_EXAMPLE__HTTP__LISTEN", "environment:1"),
                ("GATEHOUSE_EXAMPLE__HTTP__ORIGINS", "a,b"),
                ("GATEHOUSE_EXAMPLE__PEERS__AUTH_SERVICE", "/a/file"),
                ("GATEHOUSE_OTHER__HTTP__LISTEN", "other:1"),
            ],
        )
        .unwrap()
        .settings;
        assert_eq!(loaded.http.listen, "environment:1");
        assert_eq!(loaded.http.workers, 3);
        assert_eq!(loaded.http.origins, ["a", "b"]);
        assert_eq!(loaded.peers["auth_service"], "/a/file");
    }

    #[test]
    fn an_empty_text_is_an_empty_list() {
        let loaded = load(None, &[("GATEHOUSE_EXAMPLE__HTTP__ORIGINS", "")]).unwrap();
        assert!(loaded.settings.http.origins.is_empty());
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let error = load(None, &[("GATEHOUSE_EXAMPLE__HTTP__LISTN", "x")]).unwrap_err().to_string();
        assert!(error.contains("'http.listn'") && error.contains("did you mean 'http.listen'?"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("example.toml");
        std::fs::write(&file, "[htpp]\nlisten = 'x'\n").unwrap();
        assert!(load(Some(&file), &[]).unwrap_err().to_string().contains("'htpp.listen'"));
    }

    #[test]
    fn passwords_of_urls_are_not_shown() {
        let loaded = load(None, &[("GATEHOUSE_EXAMPLE__DATABASE__URL", "postgres://u:hunter2@h/d")]).unwrap();
        assert_eq!(loaded.settings.database.url, "postgres://u:hunter2@h/d");
        assert!(!loaded.shown.contains("hunter2") && loaded.shown.contains("hidden"), "{}", loaded.shown);
    }
}
