//! What a fan owes survives the death of its sockets.

use std::time::Duration;

use crate::fake::{Fake, Faults};
use crate::load::crowd_at;

#[test]
fn sockets_cut_over_and_over_lose_and_double_nothing() {
    let fake = Fake::start(Faults { cuts_sockets_for: Some(Duration::from_secs(3)), ..Faults::default() });
    let ran = crowd_at(&fake, &["-z", "3s", "-q", "130", "--settle", "10s"]);
    ran.assert_exact();
    assert!(ran.closes(1006) > 100, "{}", ran.report);
    assert_eq!(ran.books("all")[6], 0, "resuming left nothing in doubt\n{}", ran.report);
    assert_eq!(fake.base_frames(), 0, "who resumes needs no BASE");
}

#[test]
fn a_planned_restart_that_forgets_all_sessions_is_exact_by_its_final_marks() {
    let fake = Fake::start(Faults { restarts: true, ..Faults::default() });
    let ran = crowd_at(&fake, &[]);
    ran.assert_exact();
    assert_eq!(ran.closes(1012), 60, "{}", ran.report);
    assert!(fake.base_frames() > 20, "only {} came back with a BASE", fake.base_frames());
    assert_eq!(ran.books("all")[6], 0, "marks leave nothing in doubt\n{}", ran.report);
}

#[test]
fn a_server_that_falls_silent_is_left_after_five_seconds_and_nothing_is_lost() {
    let fake = Fake::start(Faults { falls_silent: true, ..Faults::default() });
    let ran = crowd_at(&fake, &["-z", "8s", "-q", "50", "--settle", "10s"]);
    ran.assert_exact();
    assert_eq!(ran.closes(1006), 60, "{}", ran.report);
    assert!((4_500.0..7_500.0).contains(&ran.longest_ms()), "{}", ran.report);
}
