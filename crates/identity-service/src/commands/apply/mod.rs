//! `identity-service apply` and `export`: also while the service runs, which hears of every change at once.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use ::identity::declared::Contents;
use clap::Args;
use domain::page::{Page, Start};
use domain::{Secret, Slug};
use error_codes::ide;
use service_kit::settings::SettingsError;

use self::file::{
    ApplicationEntry, File, GroupEntry, LARGEST, LimitsEntry, PermissionEntry, RoleEntry, SettingsEntry, TenantEntry,
    VERSION, placeless,
};
use self::reading::Reading;
use super::sentence;
use crate::app::App;
use crate::app::first_start::write_secret;

mod difference;
mod file;
mod reading;
mod wanted;

/// What to bring about.
#[derive(Args, Debug)]
pub struct Apply {
    /// The file, YAML or JSON; see docs/apply.md.
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Prints the difference and changes nothing; the exit code is 2 where there is one.
    #[arg(long)]
    dry_run: bool,
    /// Deletes what the lists of the file do not name; never a tenant, nor what is built in.
    #[arg(long)]
    prune: bool,
    /// Where fresh secrets of new applications and fresh passwords of new tenants' administrators are written.
    #[arg(long, value_name = "DIR")]
    secrets_out: Option<PathBuf>,
}

/// How it ended, with the text to print.
pub enum Applied {
    /// There is what the file declares.
    Settled(String),
    /// There are differences, and nothing was changed.
    Outstanding(String),
}

impl Applied {
    /// The text to print.
    pub fn text(&self) -> &str {
        match self {
            Self::Settled(text) | Self::Outstanding(text) => text,
        }
    }
}

/// Brings about what a file declares: all of it, or nothing.
///
/// # Errors
/// One sentence for the operator; nothing was changed.
pub async fn apply(app: &App, options: &Apply) -> Result<Applied, SettingsError> {
    let shown = options.file.display().to_string();
    let file = file::parse(&shown, &read(&options.file)?)?;
    let platform = app.operator().await.map_err(|failure| sentence(&failure))?;
    let mut reading = Reading::new(app, &shown, options);
    for entry in &file.tenants {
        reading.tenant(entry, platform.system).await?;
    }
    let Reading { works, difference, fresh, .. } = reading;
    if difference.is_empty() {
        return Ok(Applied::Settled("nothing to change\n".to_owned()));
    }
    if options.dry_run {
        return Ok(Applied::Outstanding(format!("{difference}nothing was changed\n")));
    }
    let written = Written::write(&fresh)?;
    if !app.perform(platform, works, options.prune).await.map_err(|failure| sentence(&failure))? {
        let reason = "nothing was changed: somebody else changed something meanwhile; run it again";
        return Err(SettingsError::new(reason));
    }
    written.keep();
    Ok(Applied::Settled(format!("{difference}done\n")))
}

/// Prints what there is in the form that [`apply`] reads: sorted, and without what is built in, people and secrets.
///
/// # Errors
/// One sentence for the operator.
pub async fn export(app: &App, tenant: Option<Slug>) -> Result<String, SettingsError> {
    let slugs = match tenant {
        Some(slug) => vec![slug],
        None => all(app).await?,
    };
    let mut tenants = Vec::new();
    for slug in slugs {
        let contents = app.contents(slug).await.and_then(|found| found.ok_or_else(|| ide::TENANT_NOT_FOUND.into()));
        tenants.push(entry(contents.map_err(|failure| sentence(&failure))?));
    }
    let text = serde_saphyr::to_string(&File { version: VERSION, tenants });
    let text = text.map_err(|error| SettingsError::new(format!("the export cannot be written: {error}")))?;
    Ok(format!("# Read by 'identity-service apply -f'. People, what is built in, and secrets are not in it.\n{text}"))
}

async fn all(app: &App) -> Result<Vec<Slug>, SettingsError> {
    let mut page = Some(Page::first(Page::BARE));
    let mut slugs = Vec::new();
    while let Some(window) = page {
        let listed = app.list_tenants(window).await.map_err(|failure| sentence(&failure))?;
        slugs.extend(listed.rows.into_iter().map(|tenant| tenant.slug));
        page = listed.next.map(|key| Page { limit: Page::BARE, start: Start::After(key) });
    }
    slugs.sort();
    Ok(slugs)
}

fn entry(contents: Contents) -> TenantEntry {
    let Contents { tenant, roles, groups, applications, .. } = contents;
    let roles = roles.into_iter().map(|(slug, role)| RoleEntry {
        slug: placeless(&slug),
        name: role.name,
        permissions: Some(role.permissions.iter().map(PermissionEntry::of).collect()),
    });
    let groups = groups.into_iter().map(|(slug, group)| GroupEntry {
        slug: placeless(&slug),
        name: group.name,
        permissions: Some(group.permissions.iter().map(PermissionEntry::of).collect()),
        roles: Some(group.roles.into_iter().collect()),
    });
    let applications = applications.into_iter().map(|(name, application)| ApplicationEntry {
        name: placeless(&name),
        product: application.product,
        description: application.description,
        secret_file: None,
        secret_from_environment: None,
    });
    TenantEntry {
        slug: placeless(tenant.slug.as_str()),
        display_name: Some(tenant.display_name),
        active: Some(tenant.active),
        settings: SettingsEntry::of(&tenant.settings),
        limits: LimitsEntry::of(&tenant.limits),
        administrator: None,
        roles: Some(roles.collect()),
        groups: Some(groups.collect()),
        applications: Some(applications.collect()),
    }
}

fn read(path: &Path) -> Result<String, SettingsError> {
    let cannot = |error: std::io::Error| {
        SettingsError::new(format!("{} cannot be read: {error}; name the file with '-f'", path.display()))
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(cannot)?;
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > LARGEST {
        let reason = format!("{} has more than {LARGEST} bytes; split it by tenants", path.display());
        return Err(SettingsError::new(reason));
    }
    Ok(text)
}

/// Files with fresh secrets; they go again when what they belong to was not made.
struct Written(Vec<PathBuf>);

impl Written {
    fn write(fresh: &BTreeMap<PathBuf, Secret<String>>) -> Result<Self, SettingsError> {
        let mut written = Self(Vec::new());
        for (path, secret) in fresh {
            write_secret(path, secret).map_err(|error| {
                let shown = path.display();
                SettingsError::new(format!(
                    "nothing was changed: {shown} cannot be made: {error}; make its folder, or move the old file away"
                ))
            })?;
            written.0.push(path.clone());
        }
        Ok(written)
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}
