//! What one gateway says of its fans, as it stands in the hash of all gateways: its tick, and for each team that has fans
//! its code and how many.
//!
//! It comes and goes, so it is no sorted set that only rises: who writes replaces, and who reads keeps the newest by its
//! tick. An old statement that comes late is put right within a second. Knows no Redis.

use beat_protocol::{TeamCode, varint};

/// Writes what was said at `tick`.
pub(super) fn encode(tick: u64, fans: &[(TeamCode, u32)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + fans.len() * 8);
    varint::put(&mut out, tick);
    for (code, fans) in fans {
        let code = code.as_str().as_bytes();
        varint::put(&mut out, u64::try_from(code.len()).unwrap_or(u64::MAX));
        out.extend_from_slice(code);
        varint::put(&mut out, (*fans).into());
    }
    out
}

/// Reads it; `None` where it is something else.
pub(super) fn decode(mut bytes: &[u8]) -> Option<(u64, Vec<(TeamCode, u32)>)> {
    let tick = varint::take(&mut bytes).ok()?;
    let mut fans = Vec::new();
    while !bytes.is_empty() {
        let len = usize::try_from(varint::take(&mut bytes).ok()?).ok()?;
        let (code, rest) = bytes.split_at_checked(len)?;
        bytes = rest;
        let code = std::str::from_utf8(code).ok()?.parse().ok()?;
        fans.push((code, u32::try_from(varint::take(&mut bytes).ok()?).ok()?));
    }
    Some((tick, fans))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(tick in 0..=beat_protocol::VALUE_MAX, fans in vec(("[!-~]{1,12}", any::<u32>()), 0..20)) {
            let fans: Vec<(TeamCode, u32)> = fans.iter().map(|(code, fans)| (code.parse().unwrap(), *fans)).collect();
            prop_assert_eq!(decode(&encode(tick, &fans)), Some((tick, fans)));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..64)) {
            drop(decode(&bytes));
        }
    }
}
