//! Everything a person or a program is shown: while a run goes on, and after it in every form.

pub(crate) mod progress;
pub(crate) mod screen;
pub(crate) mod report;
pub(crate) mod html;
pub(crate) mod output;
