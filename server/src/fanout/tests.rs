//! Encoded once.
