//! Unsigned LEB128 in its shortest form, below 2^53.

use crate::FrameError;

/// The largest value on the wire: the largest integer JavaScript's number keeps exact.
pub const VALUE_MAX: u64 = (1 << 53) - 1;

/// Appends `value`, which is at most [`VALUE_MAX`].
pub fn put(out: &mut Vec<u8>, mut value: u64) {
    debug_assert!(value <= VALUE_MAX, "{value} does not fit the wire");
    while value >= 0x80 {
        out.push(low_seven(value) | 0x80);
        value >>= 7;
    }
    out.push(low_seven(value));
}

/// Takes one value from the front of `bytes`; [`FrameError::Torn`] where they end too soon, [`FrameError::Varint`] where it
/// is longer than it has to be, or larger than [`VALUE_MAX`].
pub fn take(bytes: &mut &[u8]) -> Result<u64, FrameError> {
    let mut value = 0u64;
    for shift in (0..).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(FrameError::Torn)?;
        *bytes = rest;
        if shift > 49 || (byte == 0 && shift > 0) {
            return Err(FrameError::Varint);
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    if value > VALUE_MAX { Err(FrameError::Varint) } else { Ok(value) }
}

fn low_seven(value: u64) -> u8 {
    (value & 0x7f) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_put_is_taken(value in 0..=VALUE_MAX) {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(take(&mut rest), Ok(value));
            prop_assert!(rest.is_empty());
        }
    }

    #[test]
    fn longer_forms_and_larger_values_are_refused() {
        for bytes in [&[0x80, 0x00][..], &[0xff, 0x80, 0x00], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10]] {
            assert_eq!(take(&mut &bytes[..]), Err(FrameError::Varint), "{bytes:x?}");
        }
        assert_eq!(take(&mut &[0x80][..]), Err(FrameError::Torn));
    }
}
