//! Fresh stores on both engines, a clock that tests move, and actors; for tests only.
