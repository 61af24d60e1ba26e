//! Where text comes from that may hold secrets.

/// Where text comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// A file with this path: documentation and examples are no secrets.
    File(&'a str),
    /// Text we generate: a doubt counts as a secret.
    Generated,
}
