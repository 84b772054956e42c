//! Makes requests wrong: in their structure before they are signed, and in their bytes afterwards.

use super::dice::Dice;
use super::node::Node;
use super::sent::Sent;
use super::sign::Pairs;

/// Bytes that readers stumble over.
const TOKENS: [&[u8]; 34] = [
    b"\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xef\xbb\xbf",
    b"\0",
    b"%",
    b"%zz",
    b"%00",
    b"%ff",
    b"%c3%28",
    b"&",
    b"&&",
    b"=",
    b"==",
    b"+",
    b";",
    b",",
    b"/",
    b"//",
    b"../",
    b"?",
    b"#",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\r\n",
    b"\t",
    b"<",
    b"]]>",
    b"\xe2\x80\xae",
];

/// What makes of a name a place in a list, or none.
const ENDINGS: [&str; 8] = [".0", ".1", ".1.1", ".99999", ".a", ".", ".01", ".-1"];

/// Scalars at the edges of what can be read.
const SCALARS: [&str; 48] = [
    "1e400",
    "-1e400",
    "1e-400",
    "-0",
    "0.0",
    "-1",
    "1.5",
    "1.0",
    "1e2",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "4294967296",
    "65536",
    "00",
    "01",
    "+1",
    "NaN",
    "Infinity",
    "nul",
    "null",
    "true",
    "\"\"",
    "\" \"",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\u0000\"",
    "\"\\uffff\"",
    "\"\u{202e}\"",
    "\"a\\nb\"",
    "\"2096-02-30\"",
    "\"0000-00-00 00:00:00\"",
    "\"99:99:99\"",
    "\"24:00:00\"",
    "\"+\"",
    "\"+86\"",
    "\"+999999999999999999999\"",
    "\"１３０\"",
    "\"-1\"",
    "\"1e5\"",
    "\"NULL\"",
    "'a'",
    "[]",
    "{}",
    "[null]",
];

/// One wrong thing in a value.
pub(super) fn value(node: &mut Node, dice: &mut Dice, large: bool) {
    let place = dice.below(node.count());
    let chosen = node.at(place);
    let many = match large {
        true => 100_000,
        false => 300,
    };
    match dice.below(12) {
        0..=3 => *chosen = Node::Raw((*dice.pick(&SCALARS)).to_owned()),
        4 => *chosen = Node::Raw(nested(dice, many)),
        5 => *chosen = Node::Raw(format!("\"{}\"", "长".repeat(dice.below(many)))),
        6 => *chosen = Node::Raw("9".repeat(1 + dice.below(many))),
        7 => *chosen = Node::List(vec![chosen.clone()]),
        8 => *chosen = Node::Object(vec![("a.b".to_owned(), chosen.clone())]),
        9 => {
            if let Node::Raw(text) = chosen
                && let Ok(text) = serde_json::from_str::<String>(text)
            {
                // JSON inside of a text is read, too.
                let mut bytes = text.into_bytes();
                wrong_bytes(&mut bytes, dice);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                *chosen = super::seeds::text(&text);
            }
        }
        _ => members(chosen, dice, many),
    }
}

fn members(node: &mut Node, dice: &mut Dice, many: usize) {
    match node {
        Node::Object(members) if !members.is_empty() => {
            let at = dice.below(members.len());
            match dice.below(4) {
                0 => drop(members.remove(at)),
                1 => {
                    let again = members[at].clone();
                    members.push(again);
                }
                2 => members[at].0 = name(dice),
                _ => members.push((name(dice), Node::Raw("1".to_owned()))),
            }
        }
        Node::List(items) if !items.is_empty() => {
            let item = dice.pick(items).clone();
            let more = dice.below(many);
            // Large items many times over would be megabytes.
            let more = more.min(2_000_000 / (item.text().len() + 1));
            items.extend(std::iter::repeat_n(item, more));
        }
        other => *other = Node::Raw("null".to_owned()),
    }
}

fn nested(dice: &mut Dice, most: usize) -> String {
    let deep = *dice.pick(&[10, 100, 127, 128, 129, most]);
    match dice.below(3) {
        0 => format!("{}{}", "[".repeat(deep), "]".repeat(deep)),
        1 => format!("{}1{}", "{\"a\":".repeat(deep), "}".repeat(deep)),
        _ => "[".repeat(deep),
    }
}

fn name(dice: &mut Dice) -> String {
    let names = [
        "",
        ".",
        "a..b",
        "a.0",
        "0",
        "a.-1",
        "a.18446744073709551616",
        "\u{0}",
        "Action",
        "Version",
        "长",
    ];
    match dice.below(12) {
        0 => "a.".repeat(1 + dice.below(2_000)),
        _ => (*dice.pick(&names)).to_owned(),
    }
}

/// One wrong thing among pairs.
pub(super) fn pairs(pairs: &mut Pairs, dice: &mut Dice, large: bool) {
    if pairs.is_empty() {
        return pairs.push((name(dice), "1".to_owned()));
    }
    let at = dice.below(pairs.len());
    match dice.below(8) {
        0 => drop(pairs.remove(at)),
        1 => {
            let again = pairs[at].clone();
            pairs.push(again);
        }
        2 => pairs[at].0 = name(dice),
        3 => pairs[at].0.push_str(dice.pick::<&str>(&ENDINGS)),
        4 if large => {
            let (name, value) = pairs[at].clone();
            let count = 30_000;
            pairs.extend((0..count).map(|index| (format!("{name}.{index}"), value.clone())));
        }
        _ => {
            let text = dice.pick(&SCALARS).trim_matches('"').to_owned();
            pairs[at].1 = text;
        }
    }
}

/// One wrong thing among bytes.
pub(super) fn wrong_bytes(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let end = (at + dice.below(12)).min(bytes.len());
    match dice.below(7) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => drop(bytes.drain(at..end)),
        2 => bytes.truncate(at),
        3 => {
            let again = bytes[at..end].to_vec();
            drop(bytes.splice(at..at, again));
        }
        4 => {
            let noise: Vec<u8> = (0..dice.below(12)).map(|_| dice.next() as u8).collect();
            drop(bytes.splice(at..end, noise));
        }
        _ => {
            let token = *dice.pick(&TOKENS);
            drop(bytes.splice(at..at, token.iter().copied()));
        }
    }
}

/// One wrong thing on the wire.
pub(super) fn wire(sent: &mut Sent, dice: &mut Dice) {
    if sent.headers.is_empty() || dice.one_in(4) {
        match dice.below(4) {
            0 => {
                let mut target = sent.target.clone().into_bytes();
                wrong_bytes(&mut target, dice);
                sent.target = String::from_utf8_lossy(&target).into_owned();
            }
            1 => {
                sent.method =
                    (*dice.pick(&["GET", "POST", "PUT", "DELETE", "PATCH", "BREW"])).to_owned()
            }
            _ => wrong_bytes(&mut sent.body, dice),
        }
        return;
    }
    let at = dice.below(sent.headers.len());
    match dice.below(8) {
        0 => drop(sent.headers.remove(at)),
        1 => {
            let again = sent.headers[at].clone();
            sent.headers.push(again);
        }
        2 => sent.headers[at].1 = Vec::new(),
        3 => sent.headers[at].1 = dice.pick(&TOKENS).repeat(1 + dice.below(3_000)),
        4 => sent.headers[at].1 = dice.pick(&SCALARS).as_bytes().to_vec(),
        _ => wrong_bytes(&mut sent.headers[at].1, dice),
    }
}
