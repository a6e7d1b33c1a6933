//! The books that must agree: what the fans sent, what the server counted, what the store has, and the line that decides.

pub(crate) mod ledger;
pub(crate) mod metrics_page;
pub(crate) mod stored;
pub(crate) mod reconcile;
