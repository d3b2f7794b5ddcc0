//! The token of a request.

use crate::Refusal;

/// Reads the values of the `Authorization` headers of a request: exactly one, of the scheme `Bearer` (RFC 6750 §2.1).
///
/// # Errors
/// [`Refusal::NoToken`] or [`Refusal::InvalidToken`].
pub fn bearer<'a>(mut headers: impl Iterator<Item = &'a [u8]>) -> Result<&'a str, Refusal> {
    let header = headers.next().ok_or(Refusal::NoToken)?;
    if headers.next().is_some() {
        return Err(Refusal::InvalidToken);
    }
    let text = std::str::from_utf8(header).map_err(|_| Refusal::InvalidToken)?.trim();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    match (scheme.eq_ignore_ascii_case("bearer"), token.trim_start()) {
        (true, "") => Err(Refusal::NoToken),
        (true, token) => Ok(token),
        (false, _) => Err(Refusal::InvalidToken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(headers: &[&'a str]) -> Result<&'a str, Refusal> {
        bearer(headers.iter().map(|header| header.as_bytes()))
    }

    #[test]
    fn one_header_of_the_scheme_bearer_is_read() {
        assert_eq!(read(&["Bearer a.b.c"]), Ok("a.b.c"));
        assert_eq!(read(&["bearer  a.b.c "]), Ok("a.b.c"));
    }

    #[test]
    fn nothing_else_is_a_token() {
        assert_eq!(read(&[]), Err(Refusal::NoToken));
        assert_eq!(read(&["Bearer"]), Err(Refusal::NoToken));
        for wrong in [&["a.b.c"][..], &["Basic YTpi"], &["Bearer a", "Bearer b"], &[""]] {
            assert_eq!(read(wrong), Err(Refusal::InvalidToken), "{wrong:?}");
        }
    }
}
