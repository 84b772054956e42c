//! Free ports on loopback.
//!
//! Below the range from which the system takes ports by itself, so that nobody is given one of
//! these between the look and the use.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::Mutex;

const FIRST: u16 = 10_000;
const LAST: u16 = 32_000;

/// The next port to look at; each process begins somewhere else.
static NEXT: Mutex<Option<u16>> = Mutex::new(None);

/// A port that is free for UDP and TCP.
pub(crate) fn free() -> u16 {
    block(1)
}

/// The first of `count` ports in a row, the first one even, that are free for UDP and TCP.
pub(crate) fn block(count: u16) -> u16 {
    let mut next = NEXT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let span = u32::from(LAST - FIRST);
    let start = || FIRST + u16::try_from(std::process::id().wrapping_mul(977) % span).unwrap();
    let mut from = next.unwrap_or_else(start) & !1;
    for _ in 0..span {
        if from > LAST - count {
            from = FIRST;
        }
        if (from..from + count).all(is_free) {
            *next = Some(from + count + count % 2);
            return from;
        }
        from += 2;
    }
    panic!("no {count} free ports in a row from {FIRST} to {LAST}");
}

fn is_free(port: u16) -> bool {
    let at = (Ipv4Addr::LOCALHOST, port);
    UdpSocket::bind(at).is_ok() && TcpListener::bind(at).is_ok()
}
