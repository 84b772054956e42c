//! Phone numbers packed for the index of contacts by number.

use outdial_domain::PhoneNumber;

/// A number in half-bytes: its kind, its digits, padding. Half of what its text takes, exact, and
/// in place, so that a million of them are sorted without touching the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NumberKey {
    bytes: [u8; Self::BYTES_MAX],
    length: u8,
}

impl NumberKey {
    /// Kind and 24 digits are 25 half-bytes.
    const BYTES_MAX: usize = 13;
    const PADDING: u8 = 0xF;

    pub(super) fn of(number: &PhoneNumber) -> Self {
        let kind = if number.is_dial_string() { 2 } else { 1 };
        let nibbles =
            std::iter::once(kind).chain(number.digits().bytes().map(|digit| match digit {
                b'0'..=b'9' => digit - b'0',
                b'*' => 0xA,
                _ => 0xB,
            }));
        let mut bytes = [0; Self::BYTES_MAX];
        let mut count = 0;
        for nibble in nibbles.take(2 * Self::BYTES_MAX) {
            bytes[count / 2] |= if count % 2 == 0 { nibble << 4 } else { nibble };
            count += 1;
        }
        if count % 2 == 1 {
            bytes[count / 2] |= Self::PADDING;
        }
        Self {
            bytes,
            length: count.div_ceil(2) as u8,
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn different_numbers_have_different_keys() {
        let texts = [
            "+1",
            "1",
            "10",
            "+10",
            "100",
            "*100",
            "#100",
            "10*0",
            "10#0",
            "0",
            "00",
            "000",
            "+123456789012345",
            "123456789012345678901234",
            "12345678901234567890123",
            "************************",
        ];
        let keys: BTreeSet<Vec<u8>> = texts
            .iter()
            .map(|text| {
                let number = PhoneNumber::from_text(text).unwrap();
                NumberKey::of(&number).as_bytes().to_vec()
            })
            .collect();
        assert_eq!(keys.len(), texts.len());
    }

    #[test]
    fn a_mobile_number_takes_seven_bytes() {
        let number = PhoneNumber::from_text("+8613012345678").unwrap();
        assert_eq!(NumberKey::of(&number).as_bytes().len(), 7);
    }
}
