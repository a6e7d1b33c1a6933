//! Numbers for people.

use crate::record::Record;

/// Thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds to three digits or so, or a dash.
pub(super) fn ms(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value >= 1_000.0 => grouped(whole(value)),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.1}"),
    }
}

/// So many a second.
pub(super) fn rate(number: u64, seconds: f64) -> String {
    let rate = if seconds > 0.0 { float(number) / seconds } else { 0.0 };
    if rate >= 10.0 { grouped(whole(rate)) } else { format!("{rate:.1}") }
}

pub(super) fn over(number: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { float(number) / float(of) }
}

/// A share; what is not quite nothing is not told as nothing.
pub(super) fn percent(part: u64, of: u64) -> String {
    let share = over(part, of) * 100.0;
    match share {
        _ if part == 0 => "0 %".to_owned(),
        _ if share < 0.01 => "under 0.01 %".to_owned(),
        _ => format!("{share:.2} %"),
    }
}

pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", float(bytes) / 1e6)
}

/// Bytes of the generator's memory for each fan.
pub(super) fn bytes_a_fan(run: &Record) -> String {
    format!("{:.1} KB", over(run.instrument.resident_bytes, u64::from(run.set_up.fans)) / 1e3)
}

/// `2026-11-25 04:59`, of milliseconds since 1970.
pub(super) fn short_date(ms: u64) -> String {
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms);
    let text = humantime::format_rfc3339_seconds(at).to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, for people")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}
