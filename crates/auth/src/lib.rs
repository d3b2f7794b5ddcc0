//! The rules of tokens, sessions, refresh and permission questions.
