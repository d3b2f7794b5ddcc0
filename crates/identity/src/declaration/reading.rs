//! Reads the members of a manifest, and names everything that is wrong with them by its place.

use domain::product::canonical;
use domain::{InvalidText, Slug, text};
use error_codes::{Result, ide};
use serde_json::{Map, Value};

use super::checking::check;
use super::{
    Access, DeclaredPermission, DeclaredRole, Dimension, GrantedTo, Level, Machines, Manifest, Scope, role_slug,
};
use crate::fields::Fields;

/// The most permissions, and the most levels.
const MOST_PERMISSIONS: usize = 500;
/// The most entries of any other list.
const MOST: usize = 100;
/// The longest text, in characters.
const LONGEST: usize = 100;

/// Reads a manifest of a product. `null` and what is empty count as absent; what is not known is a fault.
///
/// # Errors
/// IDE-1023 naming every fault by its place, such as `permissions[3].roles[0]`.
pub fn parse(product: &str, body: Map<String, Value>) -> Result<Manifest> {
    let mut fields = Fields::default();
    let mut members = Object { place: String::new(), left: body };
    let service = members.text(&mut fields, "service", service);
    let version = members.take("version").unwrap_or_default();
    let version = version.as_u64().filter(|&version| (1..=i64::MAX.unsigned_abs()).contains(&version));
    if version.is_none() {
        fields.refuse("version", "must be a whole number from 1 on");
    }
    let permissions = members.objects(&mut fields, "permissions", MOST_PERMISSIONS);
    let permissions: Vec<_> = permissions.into_iter().map(|one| permission(&mut fields, one)).collect();
    let roles = members.objects(&mut fields, "roles", MOST);
    let roles: Vec<_> = roles.into_iter().map(|one| role(&mut fields, product, one)).collect();
    let m2m = members.object(&mut fields, "m2m").map(|one| machines(&mut fields, one));
    let mut scope = members.object(&mut fields, "scope").map(|one| scope(&mut fields, one)).unwrap_or_default();
    scope.partners = members.flag(&mut fields, "partners");
    let levels = members.objects(&mut fields, "levels", MOST_PERMISSIONS);
    scope.levels = levels.into_iter().map(|one| level(&mut fields, one)).collect();
    scope.integrations = members.texts(&mut fields, "integrations", exact);
    members.finish(&mut fields);

    let is_about_more = !permissions.is_empty() || !roles.is_empty() || m2m.is_some();
    let manifest = Manifest {
        product: service.map_or_else(|| product.to_owned(), |service| canonical(&service).to_owned()),
        version: version.unwrap_or_default(),
        access: is_about_more.then_some(Access { permissions, roles, m2m }),
        scope,
    };
    check(&manifest, &mut fields);
    if fields.are_sound() { Ok(manifest) } else { Err(fields.into_failure_as(ide::INVALID_DECLARATION)) }
}

/// Whether a name would lead elsewhere when it stands in a path.
pub(super) fn is_dots(name: &str) -> bool {
    matches!(name, "." | "..")
}

fn permission(fields: &mut Fields, mut members: Object) -> DeclaredPermission {
    let permission = DeclaredPermission {
        resource: members.text(fields, "resource", exact).unwrap_or_default(),
        action: members.text(fields, "action", action).unwrap_or_default(),
        effect: members.optional(fields, "effect", effect),
        roles: members.texts(fields, "roles", line),
        level: members.optional(fields, "level", exact),
    };
    members.finish(fields);
    permission
}

fn role(fields: &mut Fields, product: &str, mut members: Object) -> DeclaredRole {
    let name = |input: &str| role_slug(product, &line(input)?).map(|_| input.to_owned());
    let name = members.text(fields, "name", name).unwrap_or_default();
    let granted = members.objects(fields, "granted_to", MOST).into_iter();
    let granted_to = granted
        .map(|mut members| {
            let group = members.text(fields, "group", |input| Slug::parse(input).map(|slug| slug.to_string()));
            members.finish(fields);
            GrantedTo { group: group.unwrap_or_default() }
        })
        .collect();
    members.finish(fields);
    DeclaredRole { name, granted_to }
}

fn machines(fields: &mut Fields, mut members: Object) -> Machines {
    let machines = Machines {
        exposed: members.flag(fields, "exposed"),
        needs: members.texts(fields, "needs", exact),
        roles: members.texts(fields, "roles", line),
    };
    members.finish(fields);
    machines
}

fn scope(fields: &mut Fields, mut members: Object) -> Scope {
    let dimensions = members.objects(fields, "dimensions", MOST).into_iter();
    let scope = Scope { dimensions: dimensions.map(|one| dimension(fields, one)).collect(), ..Scope::default() };
    members.finish(fields);
    scope
}

fn dimension(fields: &mut Fields, mut members: Object) -> Dimension {
    let dimension = Dimension {
        name: members.text(fields, "name", exact).unwrap_or_default(),
        from: members.text(fields, "from", carrier).unwrap_or_default(),
        param: members.text(fields, "param", exact).unwrap_or_default(),
        required: members.flag(fields, "required"),
        multi: members.flag(fields, "multi"),
        collection: members.text(fields, "collection", exact).unwrap_or_default(),
        covers: members.texts(fields, "covers", exact),
        label: members.optional(fields, "label", line),
        parent: members.optional(fields, "parent", exact),
    };
    members.finish(fields);
    dimension
}

fn level(fields: &mut Fields, mut members: Object) -> Level {
    let level = Level {
        resource: members.text(fields, "resource", exact).unwrap_or_default(),
        action: members.text(fields, "action", exact).unwrap_or_default(),
        level: members.text(fields, "level", exact).unwrap_or_default(),
    };
    members.finish(fields);
    level
}

fn service(input: &str) -> Result<String, InvalidText> {
    if is_dots(input) { Err(InvalidText::new("must not be a dot segment")) } else { line(input) }
}

/// `delete` stays: it is a method of HTTP and also what products mean when they delete.
fn action(input: &str) -> Result<String, InvalidText> {
    const METHODS: [&str; 8] = ["get", "post", "put", "patch", "head", "options", "trace", "connect"];
    if METHODS.contains(&input.to_ascii_lowercase().as_str()) {
        let reason = "must say what is done and not by which method, such as create, read, update or delete";
        return Err(InvalidText::new(reason));
    }
    exact(input)
}

fn effect(input: &str) -> Result<String, InvalidText> {
    if input == "allow" {
        return Ok(input.to_owned());
    }
    Err(InvalidText::new("must be 'allow', or absent; what nobody is allowed is denied"))
}

fn carrier(input: &str) -> Result<String, InvalidText> {
    if ["path", "query", "header"].contains(&input) {
        return Ok(input.to_owned());
    }
    Err(InvalidText::new("must be path, query or header"))
}

/// A text that is compared as it is, without a star that somebody might take for a pattern.
fn exact(input: &str) -> Result<String, InvalidText> {
    let fits = (1..=LONGEST).contains(&input.len()) && input.bytes().all(|b| b.is_ascii_graphic() && b != b'*');
    if fits {
        return Ok(input.to_owned());
    }
    Err(InvalidText::new(format!("must have 1 to {LONGEST} visible ASCII characters without '*'")))
}

fn line(input: &str) -> Result<String, InvalidText> {
    text::line(input, 1, LONGEST).map(ToOwned::to_owned)
}

/// The members of one object that were not read yet.
struct Object {
    /// Where it stands; empty for the manifest itself.
    place: String,
    left: Map<String, Value>,
}

impl Object {
    fn name(&self, member: &str) -> String {
        if self.place.is_empty() { member.to_owned() } else { format!("{}.{member}", self.place) }
    }

    fn take(&mut self, member: &str) -> Option<Value> {
        self.left.remove(member).filter(|value| !value.is_null())
    }

    /// A text that must be there.
    fn text(
        &mut self,
        fields: &mut Fields,
        member: &str,
        parse: impl FnOnce(&str) -> Result<String, InvalidText>,
    ) -> Option<String> {
        let name = self.name(member);
        match self.take(member) {
            None => fields.refuse(&name, "is required"),
            Some(Value::String(text)) => return fields.read(&name, text.as_str(), parse),
            Some(_) => fields.refuse(&name, "must be a string"),
        }
        None
    }

    /// A text that may be there; empty where it is not.
    fn optional(
        &mut self,
        fields: &mut Fields,
        member: &str,
        parse: impl FnOnce(&str) -> Result<String, InvalidText>,
    ) -> String {
        if self.left.get(member).is_none_or(|value| value.is_null() || *value == "") {
            self.left.remove(member);
            return String::new();
        }
        self.text(fields, member, parse).unwrap_or_default()
    }

    fn flag(&mut self, fields: &mut Fields, member: &str) -> bool {
        let name = self.name(member);
        match self.take(member) {
            None => false,
            Some(Value::Bool(value)) => value,
            Some(_) => {
                fields.refuse(&name, "must be true or false");
                false
            }
        }
    }

    fn list(&mut self, fields: &mut Fields, member: &str, most: usize) -> Vec<Value> {
        let name = self.name(member);
        match self.take(member) {
            None => return Vec::new(),
            Some(Value::Array(values)) if values.len() <= most => return values,
            Some(Value::Array(_)) => fields.refuse(&name, format!("must have at most {most} entries")),
            Some(_) => fields.refuse(&name, "must be a list"),
        }
        Vec::new()
    }

    fn texts(
        &mut self,
        fields: &mut Fields,
        member: &str,
        parse: impl Fn(&str) -> Result<String, InvalidText>,
    ) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, value) in self.list(fields, member, MOST).into_iter().enumerate() {
            let name = format!("{}[{index}]", self.name(member));
            // What is refused keeps its place, so that later faults are named rightly.
            texts.push(match value {
                Value::String(text) => fields.read(&name, text.as_str(), &parse).unwrap_or_default(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    fields.refuse(&name, "must be a string");
                    String::new()
                }
            });
        }
        texts
    }

    fn objects(&mut self, fields: &mut Fields, member: &str, most: usize) -> Vec<Self> {
        let mut objects = Vec::new();
        for (index, value) in self.list(fields, member, most).into_iter().enumerate() {
            let place = format!("{}[{index}]", self.name(member));
            objects.push(Self::of(fields, place, value));
        }
        objects
    }

    fn object(&mut self, fields: &mut Fields, member: &str) -> Option<Self> {
        let place = self.name(member);
        self.take(member).map(|value| Self::of(fields, place, value))
    }

    /// What is no object reads as an empty one, whose missing members are named as well.
    fn of(fields: &mut Fields, place: String, value: Value) -> Self {
        let left = if let Value::Object(members) = value {
            members
        } else {
            fields.refuse(&place, "must be an object");
            Map::new()
        };
        Self { place, left }
    }

    /// Refuses what nobody asked for.
    fn finish(self, fields: &mut Fields) {
        for member in self.left.keys() {
            let member: String = member.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            fields.refuse(&self.name(&member), "is not a member that is known here");
        }
    }
}
