//! The gateway of Make the Beat. ARCHITECTURE.md has the whole picture; modules stand in the order a tap passes them.

mod config;
mod commands;
mod roster;
mod clock;
mod dice;
mod app;
mod listen;
mod addresses;
mod door;
mod issue;
mod http;
mod gateway;
mod event;
mod exclusions;
mod store;
mod flush;
mod conduct;
mod remember;
mod follow;
mod fanout;
mod turns;
mod tally;
mod pace;
mod watch;
mod admin;
mod metrics;
mod drain;
pub mod fuzzing;
#[cfg(test)]
mod simulation;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::{Builder, LocalOptions};

use app::{App, StartError};
use config::{Command, Config, Flags};

/// `EX_USAGE` of sysexits.h: the configuration is at fault, and starting again will not help.
const BAD_CONFIGURATION: u8 = 64;

/// Runs the service: flags, configuration, addresses, and serving until a signal.
pub fn main() -> ExitCode {
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(answer) => {
            // Nothing left to do if even that cannot be printed.
            drop(answer.print());
            return if answer.use_stderr() { BAD_CONFIGURATION.into() } else { ExitCode::SUCCESS };
        }
    };
    if let Some(Command::Tally(command)) = &flags.command {
        return command.run(&flags);
    }
    let config = match Config::load(&flags) {
        Ok(config) => config,
        Err(error) => return refuse(&error, BAD_CONFIGURATION.into()),
    };
    if flags.check_config {
        return say("the configuration is good\n").map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    if let Some(Command::Ticket(asked)) = &flags.command {
        return match issue::issue(&config, asked) {
            Ok(ticket) => say(&format!("{ticket}\n")).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
            Err(error) => refuse(&error, BAD_CONFIGURATION.into()),
        };
    }
    log_to_stderr(&config);
    match serve(config, flags) {
        Ok(code) => code,
        Err(error) => refuse(&error, ExitCode::FAILURE),
    }
}

fn serve(config: Config, flags: Flags) -> Result<ExitCode, StartError> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let app = App::new(config, flags).await?;
        let fans: String = app.public.iter().map(|public| format!("fans    {}\n", public.url())).collect();
        say(&format!("{fans}admin   {}\n", app.admin))?;
        app.run().await
    })
}

fn log_to_stderr(config: &Config) {
    // What operators did is told at any level.
    let audit = "audit=info".parse().expect("a directive");
    let filter = tracing_subscriber::EnvFilter::new(&config.log).add_directive(audit);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        // A log that nobody takes is no reason to end: it must not be reported to that same log, which panics.
        .log_internal_errors(false)
        .init();
}

fn refuse(error: &dyn std::error::Error, code: ExitCode) -> ExitCode {
    // Nothing left to do if even that cannot be printed.
    drop(writeln!(std::io::stderr(), "beat-server: {error}"));
    code
}

/// The addresses, for people and for whoever started us with port 0.
fn say(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
