//! Ctrl-C: the first asks for an orderly end, with what there is so far; the second ends at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};

/// What the shell expects of a program that was interrupted: 128 and SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// Whether somebody asked for the end; copies know the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ending(Arc<AtomicBool>);

impl Ending {
    /// Listens for Ctrl-C (and the SIGTERM of whoever runs this) on a thread of its own.
    pub(crate) fn on_ctrl_c() -> io::Result<Self> {
        let ending = Self::default();
        let asked = ending.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("ending".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let (Ok(mut interrupt), Ok(mut terminate)) =
                    (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
                else {
                    return;
                };
                loop {
                    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
                    if asked.is_asked() {
                        asked.at_once();
                    }
                    asked.ask();
                }
            });
        })?;
        Ok(ending)
    }

    /// Asks for the end.
    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Ends the program here and now, and leaves the terminal as it was.
    pub(crate) fn at_once(&self) -> ! {
        crate::tell::screen::restore();
        std::process::exit(INTERRUPTED.into());
    }

    /// Whether it was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
