//! Lists of contacts.

use std::fmt::Write;

/// The n-th number of a list, whose last two digits are `kind`: a possible mobile number in China.
pub(crate) fn number(n: usize, kind: u8) -> String {
    assert!(n < 1_000_000 && kind < 100);
    format!("+86138{n:06}{kind:02}")
}

/// The kind of a number, whichever way it is written.
pub(crate) fn kind_of(number: &str) -> u8 {
    number[number.len() - 2..].parse().unwrap()
}

/// The n-th number in ways that lists use: with and without the country, never with a repair.
pub(crate) fn csv(numbers: &[String]) -> String {
    let mut text = "number,external_id,name\n".to_owned();
    for (n, number) in numbers.iter().enumerate() {
        let number = if n % 2 == 0 {
            number.as_str()
        } else {
            &number[3..]
        };
        writeln!(text, "{number},c-{n},\"Contact, {n}\"").unwrap();
    }
    text
}

/// Numbers of these kinds, mixed evenly: `(kind, how many)`.
pub(crate) fn mixed(shares: &[(u8, usize)]) -> Vec<String> {
    // Each share is laid out evenly over the whole list, as a shuffled list of customers would be.
    let mut places: Vec<(f64, u8)> = Vec::new();
    for &(kind, count) in shares {
        let step = 1.0 / count as f64;
        places.extend((0..count).map(|i| ((i as f64 + 0.5) * step, kind)));
    }
    places.sort_by(|a, b| a.partial_cmp(b).unwrap());
    places
        .iter()
        .enumerate()
        .map(|(n, &(_, kind))| number(n, kind))
        .collect()
}

#[test]
fn a_mixed_list_has_the_shares_asked_for() {
    let list = mixed(&[(0, 30), (10, 6), (60, 1)]);
    assert_eq!(list.len(), 37);
    assert_eq!(list.iter().filter(|n| kind_of(n) == 10).count(), 6);
    let first_half = list[..18].iter().filter(|n| kind_of(n) == 10).count();
    assert_eq!(first_half, 3);
}
