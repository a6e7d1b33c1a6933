//! Who a vector of totals belongs to: one life of one gateway.

use std::fmt;
use std::str::FromStr;

/// A gateway's random id, new at each start, so that its totals may begin at zero again.
///
/// Written as 16 lower-case hex digits. With 64 random bits the odds that two of 10,000 lives share an id are about one
/// in 400 thousand million (n²/2 over 2^64).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

/// A text that is not 16 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an incarnation is 16 lower-case hex digits")]
pub struct InvalidIncarnation;

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Incarnation {
    type Err = InvalidIncarnation;

    fn from_str(text: &str) -> Result<Self, InvalidIncarnation> {
        let digits = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let bits = u64::from_str_radix(text, 16).map_err(|_| InvalidIncarnation)?;
        if digits && text.len() == 16 { Ok(Self(bits)) } else { Err(InvalidIncarnation) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(bits: u64) {
            prop_assert_eq!(Incarnation(bits).to_string().parse(), Ok(Incarnation(bits)));
        }
    }

    #[test]
    fn one_incarnation_has_one_spelling() {
        assert_eq!(Incarnation(0xab).to_string(), "00000000000000ab");
        for bad in ["", "ab", "00000000000000AB", "+0000000000000ab", "000000000000000ab", "00000000000000ag"] {
            assert_eq!(bad.parse::<Incarnation>(), Err(InvalidIncarnation), "{bad:?}");
        }
    }
}
