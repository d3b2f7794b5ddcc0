//! Which permission a request to a protected API needs, by its method and path: for proxies that ask before they let it pass.

use std::borrow::Cow;
use std::collections::HashMap;

use domain::product::canonical;
use matchit::Router;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

#[cfg(test)]
mod tests;

/// The routes of all protected APIs.
#[derive(Default)]
pub struct RouteTable {
    by_host: HashMap<String, Router<Vec<Route>>>,
    of_any_host: Router<Vec<Route>>,
}

/// One route as the operator writes it; nothing in it was checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRoute {
    /// The host that it belongs to, without a port; absent: any that has no routes of its own.
    pub host: Option<String>,
    /// Such as `/v1/ledgers/{id}`; `{name}` stands for one segment, `{*name}` at the end for the rest.
    pub path: String,
    /// Such as `GET`; absent: all.
    pub methods: Option<Vec<String>>,
    /// The product whose permissions count; absent: of any.
    pub product: Option<String>,
    /// On what.
    pub resource: String,
    /// To do what; absent: the method in lower case, as the middleware of products asks.
    pub action: Option<String>,
}

#[derive(PartialEq)]
struct Place {
    host: Option<String>,
    path: String,
}

#[derive(Debug)]
struct Route {
    methods: Option<Vec<String>>,
    product: Option<String>,
    resource: String,
    action: Option<String>,
}

/// What a request needs a permission for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed<'a> {
    /// The product whose permissions count; `None`: of any.
    pub product: Option<&'a str>,
    /// On what.
    pub resource: &'a str,
    /// To do what.
    pub action: Cow<'a, str>,
}

impl RouteTable {
    /// A table of these routes.
    ///
    /// # Errors
    /// Names the first route that cannot be: it has a broken path, collides with another, or names no resource.
    pub fn new(routes: Vec<RawRoute>) -> Result<Self, String> {
        // Of one host and path there may be several routes, for methods of their own.
        let mut gathered: Vec<(Place, Vec<Route>)> = Vec::new();
        for raw in routes {
            let route = Route::parse(&raw).map_err(|reason| format!("the route '{}' {reason}", raw.path))?;
            let place = Place { host: raw.host.map(|host| host.to_ascii_lowercase()), path: raw.path };
            match gathered.iter_mut().find(|(known, _)| *known == place) {
                Some((_, routes)) if routes.iter().any(|known| known.overlaps(&route)) => {
                    return Err(format!("the route '{}' is there twice for one method", place.path));
                }
                Some((_, routes)) => routes.push(route),
                None => gathered.push((place, vec![route])),
            }
        }
        let mut table = Self::default();
        for (Place { host, path }, routes) in gathered {
            let router = match host {
                Some(host) => table.by_host.entry(host).or_default(),
                None => &mut table.of_any_host,
            };
            router.insert(&path, routes).map_err(|reason| format!("the route '{path}' cannot be used: {reason}"))?;
        }
        Ok(table)
    }

    /// What a request needs; `None` where no route matches or the path is not plain, and nobody may pass.
    ///
    /// `path` is as it stands in the request, with its query. It must mean the same to whoever answers the request
    /// afterwards: a path with encoded separators, dot segments or empty segments may not, and matches nothing.
    pub fn find(&self, host: &str, method: &str, path: &str) -> Option<Needed<'_>> {
        let path = plain(path)?;
        let without_port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let host = without_port.map_or(host, |(name, _)| name);
        // The root may be written out (RFC 1034 §3.1).
        let host = host.strip_suffix('.').unwrap_or(host);
        let router = self.by_host.get(&host.to_ascii_lowercase()).unwrap_or(&self.of_any_host);
        let routes = router.at(&path).ok()?.value;
        let route = routes.iter().find(|route| route.takes(method))?;
        Some(Needed {
            product: route.product.as_deref().map(canonical),
            resource: &route.resource,
            action: match &route.action {
                Some(action) => Cow::Borrowed(action),
                None => Cow::Owned(method.to_ascii_lowercase()),
            },
        })
    }
}

impl Route {
    fn parse(raw: &RawRoute) -> Result<Self, &'static str> {
        if !raw.path.starts_with('/') {
            return Err("must begin with '/'");
        }
        let texts = [Some(&raw.resource), raw.product.as_ref(), raw.action.as_ref(), raw.host.as_ref()];
        if texts.into_iter().flatten().any(String::is_empty) {
            return Err("has an empty text; leave out what is not needed");
        }
        if raw.host.as_ref().is_some_and(|host| host.contains([':', '/']) || host.ends_with('.')) {
            return Err("must name its host without a scheme, a port or a dot at the end");
        }
        let methods = raw.methods.as_ref();
        if methods.is_some_and(|methods| methods.is_empty() || !methods.iter().all(|method| is_method(method))) {
            return Err("must name methods such as GET, in capitals");
        }
        Ok(Self {
            methods: raw.methods.clone(),
            product: raw.product.clone(),
            resource: raw.resource.clone(),
            action: raw.action.clone(),
        })
    }

    fn takes(&self, method: &str) -> bool {
        is_method(method) && self.methods.as_ref().is_none_or(|methods| methods.iter().any(|known| known == method))
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (&self.methods, &other.methods) {
            (Some(own), Some(others)) => own.iter().any(|method| others.contains(method)),
            (None, _) | (_, None) => true,
        }
    }
}

/// Methods are compared as they are, and all that an API knows are written in capitals (RFC 9110 §9.1).
fn is_method(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// The path without its query, decoded, and without a last slash; `None` where two readers may take it for different paths.
fn plain(path: &str) -> Option<String> {
    let path = path.split('?').next()?;
    let encoded = path.as_bytes();
    let is_whole =
        |at: usize| encoded.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    if !encoded.iter().enumerate().all(|(at, &byte)| byte != b'%' || is_whole(at)) {
        return None;
    }
    // What is left of an encoded percent sign would be decoded once more by somebody.
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    let slashes = |text: &str| text.bytes().filter(|&byte| byte == b'/').count();
    if slashes(&decoded) != slashes(path)
        || decoded.contains("//")
        || decoded.contains(['\\', '%', ';', '?', '#'])
        || decoded.contains(char::is_control)
    {
        return None;
    }
    let trimmed = if decoded.len() > 1 { decoded.strip_suffix('/').unwrap_or(&decoded) } else { &decoded };
    let is_plain = trimmed.starts_with('/') && !trimmed.split('/').any(|segment| matches!(segment, "." | ".."));
    is_plain.then(|| trimmed.to_owned())
}
