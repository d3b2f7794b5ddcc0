//! What products declare of themselves: taken over whole, kept, shown. The file of the operator is
//! [`declared`](super::declared).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crypto::digest::Sha256Digest;
use domain::audit::{action, changes};
use domain::id::{RoleId, TenantId};
use domain::permission::Permission;
use domain::product::canonical;
use domain::token::AccessToken;
use domain::{Entropy, Slug};
use error_codes::{Failure, Result, ide};
use identity::declaration::{
    Declaration, Manifest, ProductRole, Scope, Surroundings, canonical_json, may_declare, parse,
};
use identity::grant::Holder;
use identity::group::{ADMINISTRATORS, Group};
use identity::membership::Validity;
use identity::role::Role;
use identity_store::{applications, declarations, grants, groups, roles, tenants};
use serde_json::{Map, Value, json};
use store::{AuditEvent, Outcome, Unit};

use super::access::Acting;
use super::acts::telling;
use super::first_start::corrupt;
use super::{App, Origin};

/// What became of a manifest.
#[derive(Clone, Debug)]
pub struct Published {
    /// What the product declares now.
    pub declaration: Declaration,
    /// Whether that is new; an equal manifest changes nothing and is told to nobody.
    pub is_new: bool,
}

impl App {
    /// Takes over the manifest of a product, whole or not at all, from an application of that product.
    ///
    /// # Errors
    /// IDE-0023 for everybody else, and for a manifest of another service; IDE-1023 naming every fault; IDE-1009 when an
    /// administrator makes one of its roles at the same moment, which is named at the next try.
    pub async fn declare(
        &self,
        token: &AccessToken,
        slug: &str,
        body: Map<String, Value>,
        origin: &Origin,
    ) -> Result<Published> {
        let acting = self.identify(token, origin).await?;
        let service = body.get("service").and_then(Value::as_str);
        let own = self.product_of(token).await?.filter(|product| may_declare(product, slug, service));
        let Some(product) = own else {
            // What is no slug is not kept: it may be anything.
            let target = Slug::parse(slug).map(|slug| slug.to_string()).unwrap_or_default();
            let event = acting.event(action::PRODUCT_DECLARE, target);
            self.trail.refuse(AuditEvent { outcome: Outcome::Refused(ide::FORBIDDEN), ..event }).await?;
            return Err(ide::FORBIDDEN.into());
        };
        let manifest = parse(&product, body)?;
        let hash = hash_of(&manifest)?;
        if let Some(declaration) = self.find_declaration(acting.tenant, &product).await?
            && declaration.hash == hash
        {
            return Ok(Published { declaration, is_new: false });
        }
        let publishing = Publishing {
            tenant: acting.tenant,
            manifest,
            hash,
            token: token.clone(),
            entropy: Arc::clone(&self.entropy),
        };
        let event = acting.event(action::PRODUCT_DECLARE, &product);
        self.act(event, move |unit, event| {
            let (published, before) = publishing.run(unit)?;
            if published.is_new {
                let before = before.as_ref().map(told).transpose()?;
                unit.audit(&telling(event, changes(before, Some(told(&published.declaration)?))))?;
            }
            Ok(published)
        })
        .await
    }

    /// What a product declares, and what it declared before: for its own applications, and for who may read roles.
    ///
    /// # Errors
    /// IDE-0023; IDE-1024 when it has not declared anything.
    pub async fn read_declaration(
        &self,
        token: &AccessToken,
        slug: &str,
        origin: &Origin,
    ) -> Result<(Declaration, Option<Declaration>)> {
        let own = self.product_of(token).await?;
        let acting: Acting = if own.is_some_and(|own| own == canonical(slug)) {
            self.identify(token, origin).await?
        } else {
            self.permit(token, "roles", "get", origin).await?
        };
        let slug = Slug::parse(slug).map_err(|_| ide::DECLARATION_NOT_FOUND)?;
        let mut found = self
            .store
            .read(move |unit| declarations::list(unit, acting.tenant, canonical(slug.as_str())))
            .await?
            .into_iter();
        let newest = found.next().ok_or(ide::DECLARATION_NOT_FOUND)?;
        Ok((newest, found.next()))
    }

    async fn find_declaration(&self, tenant: TenantId, product: &str) -> Result<Option<Declaration>> {
        let product = product.to_owned();
        self.store.read(move |unit| declarations::find(unit, tenant, &product)).await
    }

    /// The product for which the application of this token may declare, under its one name.
    async fn product_of(&self, token: &AccessToken) -> Result<Option<String>> {
        if token.user().is_some() {
            return Ok(None);
        }
        let (tenant, id) = (token.tenant, token.application);
        let found = self.store.read(move |unit| applications::find(unit, tenant, id)).await?;
        let declaring = found.filter(|application| application.declares);
        Ok(declaring.and_then(|application| application.product).map(|product| canonical(&product).to_owned()))
    }
}

/// A manifest on its way into a tenant.
struct Publishing {
    tenant: TenantId,
    manifest: Manifest,
    hash: String,
    token: AccessToken,
    entropy: Arc<dyn Entropy>,
}

impl Publishing {
    /// Puts the manifest in the place of the one before it, which is handed over as well.
    fn run(&self, unit: &mut Unit<'_>) -> Result<(Published, Option<Declaration>)> {
        let Self { tenant, manifest, hash, .. } = self;
        // Everybody who publishes waits here, and then finds what the one before has published.
        tenants::hold(unit, *tenant)?.ok_or(ide::INVALID_TOKEN)?;
        // It may have been deleted since it was asked for its product.
        applications::find(unit, *tenant, self.token.application)?.ok_or(ide::INVALID_TOKEN)?;
        let before = declarations::find(unit, *tenant, &manifest.product)?;
        if let Some(declaration) = before.as_ref().filter(|before| before.hash == *hash) {
            return Ok((Published { declaration: declaration.clone(), is_new: false }, None));
        }
        let nothing = Scope::default();
        let kept = before.as_ref().map_or(&nothing, |before| &before.scope);
        self.take_over_roles(unit, before.as_ref(), kept)?;
        let access = manifest.access.clone();
        let declaration = Declaration {
            tenant: *tenant,
            product: manifest.product.clone(),
            revision: before.as_ref().map_or(1, |before| before.revision + 1),
            version: manifest.version,
            hash: hash.clone(),
            access: access.or_else(|| before.as_ref().map(|before| before.access.clone())).unwrap_or_default(),
            scope: manifest.kept_scope(kept),
            application: self.token.application,
            declared_at: unit.now(),
        };
        declarations::insert(unit, &declaration)?;
        Ok((Published { declaration, is_new: true }, before))
    }

    /// The roles of the product become those of the manifest, where it is about roles at all.
    fn take_over_roles(&self, unit: &mut Unit<'_>, before: Option<&Declaration>, kept: &Scope) -> Result<()> {
        let product = &self.manifest.product;
        let Some(access) = &self.manifest.access else {
            return self.manifest.fits(Surroundings { roles: &[], groups: &BTreeSet::new(), scope: kept });
        };
        let mut was = before.map_or_else(BTreeMap::new, |before| before.access.roles_of(product));
        let mut is = access.roles_of(product);
        let administrators = Slug::parse(ADMINISTRATORS).map_err(corrupt)?;
        for role in was.values_mut().chain(is.values_mut()) {
            role.groups.insert(administrators.clone());
        }
        let groups = self.groups(unit, &was, &is)?;
        let there = roles::all(unit, self.tenant)?;
        let names = groups.keys().cloned().collect();
        self.manifest.fits(Surroundings { roles: &there, groups: &names, scope: kept })?;
        let own: Vec<_> = there.into_iter().filter(|role| role.declared_by.as_ref() == Some(product)).collect();
        for role in own.iter().filter(|role| !is.contains_key(&role.slug)) {
            roles::hold(unit, self.tenant, &role.slug)?;
            roles::delete(unit, role)?;
        }
        for (slug, role) in &is {
            let known = own.iter().find(|known| known.slug == *slug);
            let was = was.get(slug).filter(|_| known.is_some());
            self.take_over_role(unit, slug, known, was, role, &groups)?;
        }
        Ok(())
    }

    fn take_over_role(
        &self,
        unit: &mut Unit<'_>,
        slug: &Slug,
        known: Option<&Role>,
        was: Option<&ProductRole>,
        is: &ProductRole,
        groups: &BTreeMap<Slug, Group>,
    ) -> Result<()> {
        let id = match known {
            Some(role) => {
                roles::hold(unit, self.tenant, slug)?;
                if role.name != is.name {
                    roles::rename(unit, role, &is.name)?;
                }
                let wanted = is.permissions.iter().map(|one| (one.clone(), Validity::ALWAYS)).collect();
                grants::replace(unit, self.tenant, Holder::Role(role.id), &wanted)?;
                role.id
            }
            None => self.make(unit, slug, is)?,
        };
        let none = BTreeSet::new();
        let was = was.map_or(&none, |was| &was.groups);
        for (slug, group) in groups.iter().filter(|(slug, _)| was.contains(slug) != is.groups.contains(slug)) {
            let holder = Holder::Group(group.id);
            if is.groups.contains(slug) {
                grants::give_declared(unit, self.tenant, holder, id)?;
            } else {
                grants::take_declared(unit, self.tenant, holder, id)?;
            }
        }
        Ok(())
    }

    fn make(&self, unit: &mut Unit<'_>, slug: &Slug, role: &ProductRole) -> Result<RoleId> {
        let now = unit.now();
        let made = Role {
            id: RoleId::new(now, &*self.entropy),
            tenant: self.tenant,
            slug: slug.clone(),
            name: role.name.clone(),
            built_in: false,
            declared_by: Some(self.manifest.product.clone()),
            created_at: now,
        };
        let permissions: Vec<Permission> = role.permissions.iter().cloned().collect();
        roles::insert(unit, &made, &permissions)?;
        Ok(made.id)
    }

    /// The groups of both manifests that exist; those that get or lose a role are held.
    fn groups(
        &self,
        unit: &mut Unit<'_>,
        was: &BTreeMap<Slug, ProductRole>,
        is: &BTreeMap<Slug, ProductRole>,
    ) -> Result<BTreeMap<Slug, Group>> {
        let of = |roles: &BTreeMap<Slug, ProductRole>, slug: &Slug| {
            roles.get(slug).map_or_else(BTreeSet::new, |role| role.groups.clone())
        };
        let slugs: BTreeSet<&Slug> = was.keys().chain(is.keys()).collect();
        let changed: BTreeSet<Slug> = slugs.iter().flat_map(|slug| &of(was, slug) ^ &of(is, slug)).collect();
        for slug in changed {
            groups::hold(unit, self.tenant, &slug)?;
        }
        let all = was.values().chain(is.values()).flat_map(|role| role.groups.iter().cloned()).collect();
        let found = groups::find_all(unit, self.tenant, &all)?;
        Ok(found.into_iter().map(|group| (group.slug.clone(), group)).collect())
    }
}

/// The hash by which an equal manifest is known.
fn hash_of(manifest: &Manifest) -> Result<String> {
    let text = canonical_json(manifest).map_err(unwritten)?;
    Ok(Sha256Digest::of(text.as_bytes()).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A declaration, for the trail.
fn told(declaration: &Declaration) -> Result<Value> {
    let mut members = Map::new();
    for part in [serde_json::to_value(&declaration.access), serde_json::to_value(&declaration.scope)] {
        if let Value::Object(part) = part.map_err(unwritten)? {
            members.extend(part);
        }
    }
    members.extend([("version".to_owned(), json!(declaration.version)), ("hash".to_owned(), json!(declaration.hash))]);
    Ok(Value::Object(members))
}

fn unwritten(error: serde_json::Error) -> Failure {
    Failure::new(ide::INTERNAL).with_cause(error)
}
