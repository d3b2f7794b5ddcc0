//! One byte string out of several, so that no two lists of parts read the same.

/// Feeds each part to `absorb` behind its length (8 bytes, big endian).
///
/// Without the lengths `["ab", "c"]` and `["a", "bc"]` would be one message, and a tag or a seal over one would be
/// good for the other.
pub(crate) fn frame(parts: &[&[u8]], mut absorb: impl FnMut(&[u8])) {
    for part in parts {
        absorb(&(part.len() as u64).to_be_bytes());
        absorb(part);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(parts: &[Vec<u8>]) -> Vec<u8> {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let mut out = Vec::new();
        frame(&parts, |bytes| out.extend_from_slice(bytes));
        out
    }

    fn parts() -> impl Strategy<Value = Vec<Vec<u8>>> {
        proptest::collection::vec(proptest::collection::vec(0..2_u8, 0..3), 0..4)
    }

    proptest! {
        #[test]
        fn different_parts_never_read_the_same(one in parts(), other in parts()) {
            prop_assert_eq!(one == other, framed(&one) == framed(&other));
        }
    }
}
