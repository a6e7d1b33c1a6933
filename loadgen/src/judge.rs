//! What is made of the figures: whose fault an error is, whether the instrument can be believed, what a run had to keep.

pub(crate) mod fault;
pub(crate) mod verdict;
pub(crate) mod metric;
pub(crate) mod threshold;
