//! A UDP relay that loses, delays and doubles datagrams, for tests of retransmission.

use crate::endpoint::bind_udp;
use crate::random::Random;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The way of a datagram through a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the target.
    ToTarget,
    /// From the target back to the client.
    ToClient,
}

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Pass,
    /// It is lost.
    Drop,
    /// It arrives later; others may overtake it.
    Delay(Duration),
    /// It arrives twice.
    Twice,
}

/// Datagrams of one relay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayCounts {
    /// Received on either side.
    pub received: u64,
    /// Lost by rule.
    pub dropped: u64,
    /// Sent on, doubled ones counted twice.
    pub sent: u64,
}

type Rule = Box<dyn FnMut(Way, &[u8]) -> Fate + Send>;

struct Shared {
    front: UdpSocket,
    back: UdpSocket,
    addresses: Mutex<Addresses>,
    rule: Mutex<Rule>,
    received: AtomicU64,
    dropped: AtomicU64,
    sent: AtomicU64,
    stop: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Clone, Copy, Default)]
struct Addresses {
    client: Option<SocketAddr>,
    target: Option<SocketAddr>,
}

/// A relay between one client and one target.
///
/// For SIP the target must announce [`UdpRelay::front`] in its Contact and send its own requests to
/// where the INVITE came from, else both sides talk past the relay
/// ([`CarrierOptions::contact`](crate::CarrierOptions::contact) and
/// [`CarrierOptions::to_source`](crate::CarrierOptions::to_source)).
pub struct UdpRelay {
    shared: Arc<Shared>,
    front: SocketAddr,
    back: SocketAddr,
}

impl std::fmt::Debug for UdpRelay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UdpRelay")
            .field("front", &self.front)
            .field("back", &self.back)
            .finish_non_exhaustive()
    }
}

impl UdpRelay {
    /// Opens both sides on 127.0.0.1; datagrams are lost until there is a target.
    ///
    /// # Errors
    /// The socket's error.
    pub async fn start(rule: impl FnMut(Way, &[u8]) -> Fate + Send + 'static) -> io::Result<Self> {
        let anywhere = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let (front, back) = (bind_udp(anywhere, 4 << 20)?, bind_udp(anywhere, 4 << 20)?);
        let (front_addr, back_addr) = (front.local_addr()?, back.local_addr()?);
        let shared = Arc::new(Shared {
            front,
            back,
            addresses: Mutex::default(),
            rule: Mutex::new(Box::new(rule)),
            received: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        for way in [Way::ToTarget, Way::ToClient] {
            shared.spawn(pump(Arc::clone(&shared), way));
        }
        Ok(Self {
            shared,
            front: front_addr,
            back: back_addr,
        })
    }

    /// Where the client sends to.
    #[must_use]
    pub fn front(&self) -> SocketAddr {
        self.front
    }

    /// Where the target sees the client.
    #[must_use]
    pub fn back(&self) -> SocketAddr {
        self.back
    }

    /// Relays to this target from now on.
    pub fn set_target(&self, target: SocketAddr) {
        self.shared.addresses().target = Some(target);
    }

    /// Decides by another rule from now on.
    pub fn set_rule(&self, rule: impl FnMut(Way, &[u8]) -> Fate + Send + 'static) {
        *self
            .shared
            .rule
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Box::new(rule);
    }

    /// Datagrams up to now.
    #[must_use]
    pub fn counts(&self) -> RelayCounts {
        RelayCounts {
            received: self.shared.received.load(Ordering::Relaxed),
            dropped: self.shared.dropped.load(Ordering::Relaxed),
            sent: self.shared.sent.load(Ordering::Relaxed),
        }
    }

    /// Ends its tasks; datagrams under delay are lost.
    pub async fn shut_down(self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Drop for UdpRelay {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// A rule that passes everything.
pub fn lossless() -> impl FnMut(Way, &[u8]) -> Fate + Send + 'static {
    |_, _| Fate::Pass
}

/// A rule that loses a share (0 to 1) of the datagrams of both ways, and delays the others by up
/// to `longest_delay`; the same fates in the same order for the same seed.
pub fn random_loss(
    seed: u64,
    share: f64,
    longest_delay: Duration,
) -> impl FnMut(Way, &[u8]) -> Fate + Send + 'static {
    let mut random = Random::new(seed, "relay", 0);
    move |_, _| {
        // Both drawn every time, so that one fate does not shift the next.
        let (lost, delay) = (
            random.share() < share,
            random.between(&(Duration::ZERO..longest_delay)),
        );
        match (lost, delay) {
            (true, _) => Fate::Drop,
            (false, Duration::ZERO) => Fate::Pass,
            (false, delay) => Fate::Delay(delay),
        }
    }
}

impl Shared {
    fn addresses(&self) -> std::sync::MutexGuard<'_, Addresses> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let _ = stop.run_until_cancelled(task).await;
        });
    }

    fn side(&self, way: Way) -> (&UdpSocket, &UdpSocket) {
        match way {
            Way::ToTarget => (&self.front, &self.back),
            Way::ToClient => (&self.back, &self.front),
        }
    }

    async fn send(&self, way: Way, datagram: &[u8]) {
        let addresses = *self.addresses();
        let to = match way {
            Way::ToTarget => addresses.target,
            Way::ToClient => addresses.client,
        };
        if let Some(to) = to
            && self.side(way).1.send_to(datagram, to).await.is_ok()
        {
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn pump(shared: Arc<Shared>, way: Way) {
    let mut buffer = vec![0; 65_536];
    loop {
        let Ok((length, from)) = shared.side(way).0.recv_from(&mut buffer).await else {
            continue;
        };
        shared.received.fetch_add(1, Ordering::Relaxed);
        if way == Way::ToTarget {
            shared.addresses().client = Some(from);
        }
        let datagram = &buffer[..length];
        let fate = {
            let mut rule = shared.rule.lock().unwrap_or_else(PoisonError::into_inner);
            (*rule)(way, datagram)
        };
        match fate {
            Fate::Pass => shared.send(way, datagram).await,
            Fate::Twice => {
                shared.send(way, datagram).await;
                shared.send(way, datagram).await;
            }
            Fate::Drop => {
                shared.dropped.fetch_add(1, Ordering::Relaxed);
            }
            Fate::Delay(time) => {
                let (later, datagram) = (Arc::clone(&shared), datagram.to_vec());
                shared.spawn(async move {
                    tokio::time::sleep(time).await;
                    later.send(way, &datagram).await;
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn chosen_datagrams_are_lost_and_the_rest_goes_both_ways() {
        let relay = UdpRelay::start(|_, datagram| match datagram {
            b"lost" => Fate::Drop,
            b"late" => Fate::Delay(Duration::from_millis(30)),
            _ => Fate::Pass,
        })
        .await
        .unwrap();
        let anywhere = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let (client, target) = (
            UdpSocket::bind(anywhere).await.unwrap(),
            UdpSocket::bind(anywhere).await.unwrap(),
        );
        relay.set_target(target.local_addr().unwrap());
        for word in ["late", "lost", "now"] {
            client
                .send_to(word.as_bytes(), relay.front())
                .await
                .unwrap();
        }
        let mut buffer = [0; 9];
        for expected in ["now", "late"] {
            let (length, from) = target.recv_from(&mut buffer).await.unwrap();
            assert_eq!(
                (&buffer[..length], from),
                (expected.as_bytes(), relay.back())
            );
        }
        target.send_to(b"back", relay.back()).await.unwrap();
        let (length, from) = client.recv_from(&mut buffer).await.unwrap();
        assert_eq!(
            (&buffer[..length], from),
            (b"back".as_slice(), relay.front())
        );
        assert_eq!(
            relay.counts(),
            RelayCounts {
                received: 4,
                dropped: 1,
                sent: 3
            }
        );
        relay.shut_down().await;
    }

    #[test]
    fn losses_are_the_same_for_the_same_seed() {
        let fates = |seed| {
            let mut rule = random_loss(seed, 0.2, Duration::ZERO);
            (0..1_000)
                .map(|_| rule(Way::ToTarget, b""))
                .collect::<Vec<_>>()
        };
        assert_eq!(fates(3), fates(3));
        let lost = fates(3).iter().filter(|f| **f == Fate::Drop).count();
        assert!((150..250).contains(&lost), "{lost}");
    }
}
