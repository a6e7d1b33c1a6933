//! The terminal while a run goes on: rates, latencies, the loudest teams, the phase and how far it is.
//!
//! Drawn on standard error, since the report has standard output to itself, on the alternate screen, so that what was
//! there comes back: at the end, on Ctrl-C, and if the program panics. What is drawn is a pure function of a `Picture`.

use std::io::{self, Stderr, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::prelude::CrosstermBackend;
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Gauge, Paragraph, Sparkline};
use ratatui::{Frame, Terminal};

use crate::ending::Ending;

/// Seconds of the past that are drawn.
pub(crate) const PAST: usize = 120;
/// Bars are coloured by loudness as on the arena page: from a murmur to a roar.
const LOUD: u8 = 160;
const LOUDER: u8 = 112;

/// Whether the terminal is ours; there is only one.
static IS_OPEN: AtomicBool = AtomicBool::new(false);

/// What is to be seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    pub(crate) title: String,
    /// The phases by name, and which of them it is.
    pub(crate) phases: Vec<String>,
    pub(crate) phase: usize,
    /// How far the run is, from 0 to 1, and in words.
    pub(crate) share: f64,
    pub(crate) time: String,
    /// Names and values, in the order they are shown.
    pub(crate) rates: Vec<(&'static str, String)>,
    /// Taps a second, each second, oldest first.
    pub(crate) past: Vec<u64>,
    /// Percentiles of tap to beat, by name.
    pub(crate) latencies: Vec<(&'static str, String)>,
    /// Loudest first: the code, the level, and taps a second.
    pub(crate) teams: Vec<(String, u8, u64)>,
}

/// A terminal that is being drawn on.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stderr>>,
    ending: Ending,
}

impl Screen {
    /// Takes over the terminal; Ctrl-C on it asks for the end.
    pub(crate) fn open(ending: Ending) -> io::Result<Self> {
        // A terminal without keys to read is drawn on all the same.
        let _raw = enable_raw_mode();
        IS_OPEN.store(true, Ordering::Relaxed);
        execute!(stderr(), EnterAlternateScreen)?;
        let terminal = Terminal::new(CrosstermBackend::new(stderr()))?;
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            told(panic);
        }));
        Ok(Self { terminal, ending })
    }

    /// Draws, and reads what was typed meanwhile.
    pub(crate) fn show(&mut self, picture: &Picture) -> io::Result<()> {
        self.terminal.draw(|frame| draw(frame, picture))?;
        while event::poll(Duration::ZERO).unwrap_or(false) {
            if let Ok(Event::Key(key)) = event::read()
                && asks_for_the_end(key)
            {
                if self.ending.is_asked() {
                    restore();
                    self.ending.at_once();
                }
                self.ending.ask();
            }
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn asks_for_the_end(key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    matches!((key.code, control), (KeyCode::Char('c'), true) | (KeyCode::Char('q'), false))
}

/// Gives the terminal back as it was, if it was taken.
pub(crate) fn restore() {
    if !IS_OPEN.swap(false, Ordering::Relaxed) {
        return;
    }
    let _restored = disable_raw_mode();
    let _left = execute!(stderr(), LeaveAlternateScreen, ratatui::crossterm::cursor::Show);
}

fn draw(frame: &mut Frame<'_>, picture: &Picture) {
    let [head, phases, body, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Length(3), Constraint::Fill(1), Constraint::Length(1)])
            .areas(frame.area());
    frame.render_widget(Line::from(picture.title.as_str()).bold(), head);
    progress(frame, phases, picture);
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(1).areas(body);
    let rows = |pairs: &[(&'static str, String)]| u16::try_from(pairs.len()).unwrap_or(u16::MAX).saturating_add(2);
    let [rates, latencies, past] = Layout::vertical([
        Constraint::Length(rows(&picture.rates)),
        Constraint::Length(rows(&picture.latencies)),
        Constraint::Fill(1),
    ])
    .areas(left);
    pairs(frame, rates, " rates ", &picture.rates);
    pairs(frame, latencies, " tap to beat, so far ", &picture.latencies);
    sparkline(frame, past, &picture.past);
    teams(frame, right, &picture.teams);
    frame.render_widget(Line::from("Ctrl-C ends it with the report so far; twice, at once").dim(), foot);
}

fn progress(frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
    let mut names = vec![Span::raw(" ")];
    for (index, name) in picture.phases.iter().enumerate() {
        if index > 0 {
            names.push(Span::raw(" › ").dim());
        }
        let style = match index.cmp(&picture.phase) {
            std::cmp::Ordering::Less => Style::new().add_modifier(Modifier::DIM),
            std::cmp::Ordering::Equal => Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
            std::cmp::Ordering::Greater => Style::new(),
        };
        names.push(Span::styled(name.clone(), style));
    }
    names.push(Span::raw(" "));
    let gauge = Gauge::default()
        .block(Block::bordered().title(Line::from(names)))
        .gauge_style(Style::new().fg(Color::Cyan))
        .use_unicode(true)
        .ratio(picture.share.clamp(0.0, 1.0))
        .label(picture.time.as_str());
    frame.render_widget(gauge, area);
}

fn pairs(frame: &mut Frame<'_>, area: Rect, title: &'static str, pairs: &[(&'static str, String)]) {
    let lines: Vec<Line<'_>> = pairs
        .iter()
        .map(|(name, value)| {
            Line::from(vec![Span::raw(format!("{name:>14}  ")).dim(), Span::raw(value.as_str()).bold()])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(title)), area);
}

fn sparkline(frame: &mut Frame<'_>, area: Rect, past: &[u64]) {
    let width = usize::from(area.width.saturating_sub(2));
    let seen = &past[past.len().saturating_sub(width)..];
    let title = format!(" taps each second, up to {} ", seen.iter().max().copied().unwrap_or(0));
    let sparkline = Sparkline::default()
        .block(Block::bordered().title(title))
        .style(Style::new().fg(Color::Cyan))
        .data(seen.iter().copied());
    frame.render_widget(sparkline, area);
}

fn teams(frame: &mut Frame<'_>, area: Rect, teams: &[(String, u8, u64)]) {
    let block = Block::bordered().title(" loudest teams: level, taps a second ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let bar_width = usize::from(inner.width.saturating_sub(26));
    let lines: Vec<Line<'_>> = teams
        .iter()
        .take(usize::from(inner.height))
        .map(|(code, level, rate)| {
            let colour = if *level >= LOUD {
                Color::Red
            } else if *level >= LOUDER {
                Color::Yellow
            } else {
                Color::Green
            };
            Line::from(vec![
                Span::raw(format!("{code:>12} ")),
                Span::raw(format!("{:<bar_width$}", bar(*level, bar_width))).fg(colour),
                Span::raw(format!(" {level:>3}")).bold(),
                Span::raw(format!(" {rate:>8}")).dim(),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

/// A bar to an eighth of a cell.
fn bar(level: u8, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = usize::from(level) * width * 8 / 255;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};
    use std::io::Read;
    use std::process::{Command, Stdio};

    use ratatui::backend::TestBackend;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::tcgetattr;

    use super::*;

    fn drawn(picture: &Picture, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, picture)).unwrap();
        let buffer = terminal.backend().buffer();
        buffer
            .content()
            .chunks(usize::from(width))
            .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>() + "\n")
            .collect()
    }

    fn picture() -> Picture {
        Picture {
            title: "beat-load  ws://127.0.0.1:8080  event demo".to_owned(),
            phases: ["connecting", "cheering", "settling"].map(str::to_owned).to_vec(),
            phase: 1,
            share: 0.5,
            time: "15 s of 30 s".to_owned(),
            rates: vec![("taps", "4000/s".to_owned()), ("fans", "2000".to_owned())],
            past: vec![0, 2_000, 4_000],
            latencies: vec![("p50", "53.0 ms".to_owned()), ("p99", "-".to_owned())],
            teams: vec![("JPN".to_owned(), 255, 99_000_000), ("BRA".to_owned(), 0, 0)],
        }
    }

    #[test]
    fn everything_is_on_a_screen_of_80_by_24() {
        let screen = drawn(&picture(), 80, 24);
        for words in [
            "event demo",
            "connecting › cheering › settling",
            "15 s of 30 s",
            "4000/s",
            "53.0 ms",
            "up to 4000",
            "JPN",
            "BRA",
            "99000000",
            "Ctrl-C",
        ] {
            assert!(screen.contains(words), "{words:?} is not on:\n{screen}");
        }
    }

    #[test]
    fn a_bar_is_as_long_as_its_level() {
        assert_eq!((bar(0, 10).as_str(), bar(255, 10).as_str()), ("", "██████████"));
        let line = |level| bar(level, 10).chars().count();
        assert!((0..255).all(|level| line(level) <= line(level + 1)));
    }

    #[test]
    fn a_small_screen_shows_what_fits_and_breaks_nothing() {
        for (width, height) in [(1, 1), (20, 5), (40, 10), (300, 80)] {
            drawn(&picture(), width, height);
        }
    }

    #[test]
    fn ctrl_c_and_q_ask_for_the_end_and_other_keys_do_not() {
        let key = |code, modifiers| KeyEvent::new(code, modifiers);
        assert!(asks_for_the_end(key(KeyCode::Char('c'), KeyModifiers::CONTROL)));
        assert!(asks_for_the_end(key(KeyCode::Char('q'), KeyModifiers::NONE)));
        assert!(!asks_for_the_end(key(KeyCode::Char('c'), KeyModifiers::NONE)));
    }

    /// Set for the process that is to panic while its screen is open.
    const PANICS: &str = "BEAT_LOAD_TEST_PANICS_ON_ITS_SCREEN";

    #[test]
    fn a_program_that_panics_gives_the_terminal_back_before_it_says_why() {
        if std::env::var_os(PANICS).is_some() {
            let _screen = Screen::open(Ending::default()).unwrap();
            panic!("the ball is out");
        }
        let (mut keys, side) = terminal();
        let before = tcgetattr(&side).unwrap();
        let own = || Stdio::from(side.try_clone().unwrap());
        let name = "tell::screen::tests::a_program_that_panics_gives_the_terminal_back_before_it_says_why";
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(PANICS, "1")
            .stdin(own())
            .stderr(own())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        assert!(!child.wait().unwrap().success());
        // All that was written is there, and this side is still open: no more is waited for than came.
        let mut seen = vec![0; 64 << 10];
        let read = keys.read(&mut seen).unwrap();
        let seen = String::from_utf8_lossy(&seen[..read]).into_owned();
        let at = |words: &str| seen.find(words).unwrap_or_else(|| panic!("no {words:?} in {seen:?}"));
        assert!(at("\u{1b}[?1049h") < at("\u{1b}[?1049l"), "{seen:?}");
        assert!(
            at("\u{1b}[?1049l") < at("the ball is out"),
            "the reason would be lost with the other screen: {seen:?}"
        );
        let after = tcgetattr(&side).unwrap();
        assert_eq!(after.local_modes, before.local_modes, "what is typed is seen again, line by line");
    }

    /// A terminal: the side that is typed on and read from, and the program's.
    fn terminal() -> (File, File) {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap().into_string().unwrap();
        (File::from(keys), OpenOptions::new().read(true).write(true).open(name).unwrap())
    }
}
