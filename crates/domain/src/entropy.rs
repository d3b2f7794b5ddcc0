//! Chance, as an argument.

/// Where random bytes come from. The source must be fit for keys.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the slice with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The random source of the process: a ChaCha generator seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[allow(clippy::disallowed_methods, reason = "the one place that asks for chance")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }
}
