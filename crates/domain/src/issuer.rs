//! Issuers: the URL in the `iss` of every token, one for each tenant.

use crate::{InvalidText, Slug};

/// Stands between the base URL and the slug of a tenant.
const TENANT_PATH: &str = "/t/";

/// The issuers of a deployment: the default tenant's is the base URL itself, another's is `<base>/t/<slug>`.
///
/// Both services are told the same base, so that what one signs the other accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuers {
    base: String,
    default_tenant: Slug,
}

impl Issuers {
    /// Reads the base from the settings: an absolute `http` or `https` URL without query, fragment or final `/`
    /// (RFC 8414 §2), since issuers are compared letter by letter.
    pub fn parse(base: &str, default_tenant: Slug) -> Result<Self, InvalidText> {
        let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
        let fits = rest.is_some_and(|rest| {
            !rest.is_empty()
                && !rest.starts_with('/')
                && !rest.ends_with('/')
                && rest.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@'))
        });
        if !fits {
            return Err(InvalidText::new("must be an http or https URL without query, fragment or final '/'"));
        }
        Ok(Self { base: base.to_owned(), default_tenant })
    }

    /// The tenant whose issuer is the base itself.
    pub fn default_tenant(&self) -> &Slug {
        &self.default_tenant
    }

    /// The issuer of a tenant's tokens.
    pub fn of(&self, tenant: &Slug) -> String {
        if *tenant == self.default_tenant { self.base.clone() } else { format!("{}{TENANT_PATH}{tenant}", self.base) }
    }

    /// The tenant whose tokens have this issuer; `None` where it is none of ours.
    pub fn tenant_of(&self, issuer: &str) -> Option<Slug> {
        let path = issuer.strip_prefix(&self.base)?;
        if path.is_empty() {
            return Some(self.default_tenant.clone());
        }
        let tenant = Slug::parse(path.strip_prefix(TENANT_PATH)?).ok()?;
        // The default tenant has one issuer, not two.
        (tenant != self.default_tenant).then_some(tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(text: &str) -> Slug {
        Slug::parse(text).unwrap()
    }

    #[test]
    fn every_tenant_has_one_issuer_and_it_leads_back() {
        let issuers = Issuers::parse("https://id.example.com/auth", slug("lerian")).unwrap();
        assert_eq!(issuers.of(&slug("lerian")), "https://id.example.com/auth");
        assert_eq!(issuers.of(&slug("acme")), "https://id.example.com/auth/t/acme");
        for tenant in ["lerian", "acme"] {
            assert_eq!(issuers.tenant_of(&issuers.of(&slug(tenant))), Some(slug(tenant)));
        }
    }

    #[test]
    fn another_url_is_no_issuer() {
        let issuers = Issuers::parse("http://127.0.0.1:4000", slug("lerian")).unwrap();
        for wrong in [
            "",
            "http://127.0.0.1:400",
            "http://127.0.0.1:40000",
            "http://127.0.0.1:4000/",
            "http://127.0.0.1:4000/t/",
            "http://127.0.0.1:4000/t/lerian",
            "http://127.0.0.1:4000/t/acme/",
            "https://127.0.0.1:4000",
        ] {
            assert_eq!(issuers.tenant_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_base_has_one_spelling() {
        for wrong in
            ["", "id.example.com", "https://", "https:///a", "https://a/", "https://a?b", "https://a#b", "ftp://a"]
        {
            assert!(Issuers::parse(wrong, slug("lerian")).is_err(), "{wrong}");
        }
    }
}
