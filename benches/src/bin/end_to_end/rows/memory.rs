//! What an idle fan holds.

use std::io;
use std::time::Duration;

use crate::book::Book;
use crate::crowd::Crowd;
use crate::process::Process;

pub(super) fn rows(book: &mut Book) {
    book.table(&["idle fans", "user memory each"]);
    for fans in [10_000, 19_000] {
        book.row(&format!("memory: {fans} idle fans"), || {
            Ok(vec![String::new(), format!("{} bytes", bytes_each(fans)?)])
        });
    }
}

fn bytes_each(fans: usize) -> io::Result<u64> {
    let gateway = Process::gateway()?;
    let before = gateway.resident_bytes()?;
    let mut crowd = Crowd::connect(&gateway, fans)?;
    crowd.rest(Duration::from_secs(4))?;
    Ok((gateway.resident_bytes()? - before) / fans as u64)
}
