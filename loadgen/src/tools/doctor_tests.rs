//! Machines made up for the purpose.

use super::*;

fn machine() -> Machine {
    Machine {
        files: Some((1_024, 20_064)),
        files_max: Some(1 << 20),
        ports: Some((32_768, 60_999)),
        memory_free: Some(8 << 30),
        tracked_max: None,
        cores: 4,
        quota: None,
        load: Some(0.1),
        clock_source: Some("tsc".to_owned()),
        look_cost: Duration::from_nanos(25),
        late: (Duration::from_micros(60), Duration::from_micros(900)),
    }
}

fn asked(words: &[&str]) -> DoctorArgs {
    DoctorArgs::parse_from([&["doctor"], words].concat())
}

fn told(machine: &Machine, words: &[&str]) -> (u64, String) {
    let args = asked(words);
    let findings = examine(machine, &args);
    (capacity(&findings), text(&findings, args.fans))
}

#[test]
fn the_narrowest_of_files_ports_and_memory_is_what_it_holds() {
    let holds = |change: fn(&mut Machine)| {
        let mut machine = machine();
        change(&mut machine);
        told(&machine, &[]).0
    };
    assert_eq!(holds(|_| {}), 20_000);
    assert_eq!(holds(|machine| machine.ports = Some((50_000, 50_999))), 1_000);
    assert_eq!(holds(|machine| machine.memory_free = Some(160 << 10)), 10);
    assert_eq!(holds(|machine| machine.tracked_max = Some(400)), 200);
}

#[test]
fn more_processes_and_addresses_hold_more() {
    assert_eq!(told(&machine(), &["--procs", "3"]).0, 28_232, "then ports are the narrowest");
    assert_eq!(told(&machine(), &["--procs", "3", "--source-ips", "9"]).0, 60_000);
}

#[test]
fn fans_that_do_not_fit_are_refused_with_the_command_that_mends_it() {
    let (_, text) = told(&machine(), &["-c", "30000"]);
    for words in ["NO  files", "--nofile=30064", "NO  ports", "ip_local_port_range", "30000 fans do NOT fit: 20000 do"]
    {
        assert!(text.contains(words), "{words:?} is not in:\n{text}");
    }
}

#[test]
fn fans_that_fit_leave_nothing_to_mend() {
    let (_, text) = told(&machine(), &["-c", "20000"]);
    assert!(text.ends_with("20000 fans fit; 20000 would\n"), "{text}");
    assert!(!text.contains("sudo"), "{text}");
}

#[test]
fn a_limit_above_the_kernel_s_ceiling_needs_both_raised() {
    let (_, text) = told(&Machine { files_max: Some(25_000), ..machine() }, &["-c", "30000"]);
    assert!(text.contains("fs.nr_open=30064"), "{text}");
}

#[test]
fn a_machine_that_others_use_or_that_stumbles_is_troubled() {
    for (machine, trouble) in [
        (Machine { load: Some(3.0), ..machine() }, "others use the machine: load 3.0"),
        (Machine { quota: Some(1.5), ..machine() }, "less than two"),
        (Machine { look_cost: Duration::from_micros(2), ..machine() }, "a look at the clock"),
        (Machine { late: (Duration::ZERO, Duration::from_millis(80)), ..machine() }, "this machine's own pauses"),
    ] {
        let (holds, text) = told(&machine, &[]);
        assert!(text.contains(trouble), "{trouble:?} is not in:\n{text}");
        assert_eq!(holds, 20_000, "that is no matter of how many");
    }
}
