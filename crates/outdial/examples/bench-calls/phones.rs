//! The agents' phones, and what they heard.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use outdial_peers::{
    HeardPacket, MediaOptions, OnCall, Phone, PhoneCall, PhoneHost, PhoneOptions, Ticker, Timing,
};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::support::{Failure, until};

/// Packets that a phone keeps: far more than a run brings.
const KEPT: usize = 20_000;
/// Bursts of the joining tone lie at least a talk apart.
const BETWEEN_TONES: Duration = Duration::from_millis(500);

/// Phones behind one socket that answer at once, say nothing and keep what they hear.
pub(crate) struct Phones {
    phones: Vec<(String, Phone)>,
    /// Keeps the socket open.
    _host: PhoneHost,
}

impl Phones {
    pub(crate) fn start(runtime: &Runtime, count: usize) -> Result<Self, Failure> {
        let listen = "127.0.0.1:0".parse()?;
        let host = runtime.block_on(async {
            PhoneHost::start(listen, Timing::default(), &Ticker::start()).await
        })?;
        let at_once = OnCall::Answer {
            after: Duration::ZERO,
        };
        let media = MediaOptions {
            keep: KEPT,
            ..MediaOptions::mute()
        };
        let phone = |n: usize| {
            let id = (1_001 + n).to_string();
            let options = PhoneOptions::new(&id)
                .on_call(at_once.clone())
                .media(media.clone());
            (id, host.phone(options))
        };
        let phones = (0..count).map(phone).collect();
        Ok(Self {
            phones,
            _host: host,
        })
    }

    /// Id and address of each.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (&str, String)> {
        self.phones
            .iter()
            .map(|(id, phone)| (id.as_str(), phone.uri()))
    }

    pub(crate) fn until_up(&self) -> Result<(), Failure> {
        let limit = Duration::from_secs(60);
        until("all legs are up", limit, || {
            let is_up = |(_, phone): &(String, Phone)| phone.status().call == PhoneCall::Up;
            Ok(self.phones.iter().all(is_up).then_some(()))
        })
    }

    /// Legs that are still the first ones.
    pub(crate) fn legs_kept(&self) -> usize {
        let status = self.phones.iter().map(|(_, phone)| phone.status());
        status
            .filter(|status| status.call == PhoneCall::Up && status.answered == 1)
            .count()
    }

    /// When each agent began to hear a joining tone, oldest first.
    pub(crate) fn tones(&self) -> HashMap<&str, Vec<SystemTime>> {
        let clock = (Instant::now(), SystemTime::now());
        let wall = |at: Instant| clock.1 - clock.0.duration_since(at);
        let tones = |packets: Vec<HeardPacket>| {
            let mut last: Option<Instant> = None;
            let mut beginnings = Vec::new();
            for packet in packets.iter().filter(|packet| !is_silence(packet)) {
                if last.is_none_or(|last| packet.at - last > BETWEEN_TONES) {
                    beginnings.push(wall(packet.at));
                }
                last = Some(packet.at);
            }
            beginnings
        };
        self.phones
            .iter()
            .map(|(id, phone)| (id.as_str(), tones(heard(phone))))
            .collect()
    }

    /// Comfort packets per 10 s on each of the last `count` legs, from the pauses between them since `from`.
    pub(crate) fn comfort(&self, count: usize, from: Instant) -> Vec<f64> {
        let idle = &self.phones[self.phones.len() - count..];
        let rate = |(_, phone): &(String, Phone)| {
            let packets = heard(phone);
            let times: Vec<Instant> = packets
                .iter()
                .map(|packet| packet.at)
                .filter(|at| *at >= from)
                .collect();
            match times.as_slice() {
                [first, .., last] => {
                    10.0 * (times.len() - 1) as f64 / (*last - *first).as_secs_f64()
                }
                _ => 0.0,
            }
        };
        idle.iter().map(rate).collect()
    }
}

fn heard(phone: &Phone) -> Vec<HeardPacket> {
    phone
        .media()
        .map(|media| media.heard().packets())
        .unwrap_or_default()
}

/// Silence is one byte all over.
fn is_silence(heard: &HeardPacket) -> bool {
    let payload = &heard.packet.payload;
    payload.iter().all(|byte| Some(byte) == payload.first())
}
