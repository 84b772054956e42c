//! What the relay costs beside a bare loop that reads and sends the same packets.
//!
//! `cargo run --release -p outdial-telephony --example bench-relay -- [BRIDGES] [SECONDS]` prints one line of JSON.
//!
//! Both carry the same traffic by turns in the same process: every leg gets a packet each 20 ms,
//! spread evenly. The processor time is that of the relaying thread alone, as Linux accounts it; the delay is
//! measured from before the sender's `send` to after the receiver's `recv`.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use outdial_telephony::LegId;
use outdial_telephony::media::g711::Law;
use outdial_telephony::media::relay::Agreement;
use outdial_telephony::media::rtp::{HEADER_LEN, RtpHeader, RtpPacket};
use outdial_telephony::media::thread::MediaThread;
use serde_json::json;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Phones share sockets, so that the bench fits into the usual limit of open files.
const PHONE_SOCKETS: usize = 50;

/// The two take turns, so that whatever else the machine does meets both; medians count.
const ROUNDS: usize = 5;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let bridges: usize = arguments.next().map_or(Ok(300), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    eprintln!(
        "    {bridges} bridges, 50 packets a second each way, {ROUNDS} rounds of {seconds} s each"
    );
    let open_files = |error: Failure| {
        format!(
            "{error}; the bench needs {} open files: ulimit -n",
            bridges * 4 + 200
        )
    };
    let bare = Bare::start(bridges).map_err(open_files)?;
    let (media, addresses) = relay(bridges).map_err(open_files)?;
    let (mut ratios, mut added, mut delays) = (Vec::new(), Vec::new(), Vec::new());
    let (mut sent, mut lost, mut bare_lost) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let limit = measure("bare loop", &bare.addresses, "bare-loop", seconds)?;
        let ours = measure("relay", &addresses, "outdial-media", seconds)?;
        ratios.push(ours.cpu.as_secs_f64() / limit.cpu.as_secs_f64());
        added.push((ours.p99.as_secs_f64() - limit.p99.as_secs_f64()) * 1e3);
        delays.push(ours.p99.as_secs_f64() * 1e3);
        sent += ours.sent;
        lost += ours.sent.saturating_sub(ours.heard);
        bare_lost += limit.sent.saturating_sub(limit.heard);
    }
    bare.stop();
    drop(media);
    let metrics = [
        json!({
            "name": "processor time of the relay, median of rounds", "value": median(&mut ratios),
            "unit": "× the bare loop", "limit": 2, "limit_kind": "max",
            "reference": "one thread that receives and sends the same packets",
        }),
        json!({
            "name": "added delay p99, median of rounds", "value": median(&mut added), "unit": "ms",
            "limit": 5, "limit_kind": "max", "reference": "a fixed goal; p99 of the relay less p99 of the bare loop",
        }),
        json!({ "name": "p99 of the relay", "value": median(&mut delays), "unit": "ms" }),
        json!({
            "name": "packets lost in the relay", "value": lost, "unit": "packets",
            "reference": format!("of {sent} sent; the bare loop lost {bare_lost}"),
        }),
        json!({ "name": "bridges", "value": bridges, "unit": "bridges" }),
    ];
    println!("{{\"bench\":\"relay\",\"metrics\":{}}}", json!(metrics));
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

struct Figures {
    cpu: Duration,
    p99: Duration,
    sent: usize,
    heard: usize,
}

/// Sends the traffic to `addresses`, hears what comes back, and reads the clock of the thread that relays.
fn measure(
    name: &str,
    addresses: &[SocketAddr],
    thread: &str,
    seconds: u64,
) -> Result<Figures, Failure> {
    let phones: Vec<UdpSocket> = (0..PHONE_SOCKETS)
        .map(|_| UdpSocket::bind("127.0.0.1:0"))
        .collect::<io::Result<_>>()?;
    let epoch = Instant::now();
    let stop = Arc::new(AtomicBool::new(false));
    let ears = listen(&phones, epoch, &stop)?;
    // The first packets show each side where the other is; they are not measured.
    send(&phones, addresses, epoch, Duration::from_millis(500));
    let before = cpu_of(thread)?;
    let sent = send(&phones, addresses, epoch, Duration::from_secs(seconds));
    std::thread::sleep(Duration::from_millis(100));
    let cpu = cpu_of(thread)?.saturating_sub(before);
    stop.store(true, Ordering::Relaxed);
    let mut delays = ears.join().map_err(|_| "the listening thread panicked")??;
    delays.sort_unstable();
    let at = |share: f64| {
        delays
            .get((delays.len() as f64 * share) as usize)
            .copied()
            .unwrap_or_default()
    };
    eprintln!(
        "    {name:10} {sent} packets sent, {} heard; {:.3} s of processor ({:.1} µs a packet); delay p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms",
        delays.len(),
        cpu.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / sent as f64,
        at(0.5).as_secs_f64() * 1e3,
        at(0.99).as_secs_f64() * 1e3,
        delays.last().copied().unwrap_or_default().as_secs_f64() * 1e3,
    );
    Ok(Figures {
        cpu,
        p99: at(0.99),
        sent,
        heard: delays.len(),
    })
}

/// One packet to every address each 20 ms, in twenty portions.
fn send(
    phones: &[UdpSocket],
    addresses: &[SocketAddr],
    epoch: Instant,
    duration: Duration,
) -> usize {
    let start = Instant::now();
    let mut sent = 0;
    let mut sequence = 0u16;
    let portion = addresses.len().div_ceil(20);
    let mut due = start;
    while start.elapsed() < duration {
        sequence = sequence.wrapping_add(1);
        for (number, part) in addresses.chunks(portion).enumerate() {
            for (offset, address) in part.iter().enumerate() {
                let index = number * portion + offset;
                let mut datagram = [0x55; HEADER_LEN + 160];
                let header = RtpHeader {
                    marker: false,
                    payload_type: 8,
                    sequence,
                    timestamp: u32::from(sequence) * 160,
                    ssrc: index as u32,
                };
                datagram[..HEADER_LEN].copy_from_slice(&header.to_bytes());
                let now = epoch.elapsed().as_nanos() as u64;
                datagram[HEADER_LEN..HEADER_LEN + 8].copy_from_slice(&now.to_be_bytes());
                sent += usize::from(
                    phones[index % phones.len()]
                        .send_to(&datagram, address)
                        .is_ok(),
                );
            }
            due += Duration::from_millis(1);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
    sent
}

type Ears = JoinHandle<Result<Vec<Duration>, Failure>>;

fn listen(phones: &[UdpSocket], epoch: Instant, stop: &Arc<AtomicBool>) -> Result<Ears, Failure> {
    let mut poll = Poll::new()?;
    let mut sockets = Vec::new();
    for (index, phone) in phones.iter().enumerate() {
        let socket = phone.try_clone()?;
        socket.set_nonblocking(true)?;
        let mut socket = mio::net::UdpSocket::from_std(socket);
        poll.registry()
            .register(&mut socket, Token(index), Interest::READABLE)?;
        sockets.push(socket);
    }
    let stop = Arc::clone(stop);
    Ok(std::thread::spawn(move || {
        let mut events = Events::with_capacity(256);
        let mut buffer = [0; 2_048];
        let mut delays = Vec::new();
        let warm = Duration::from_millis(500);
        while !stop.load(Ordering::Relaxed) {
            poll.poll(&mut events, Some(Duration::from_millis(50)))?;
            for event in &events {
                while let Ok(length) = sockets[event.token().0].recv(&mut buffer) {
                    let now = epoch.elapsed();
                    let Some(packet) = RtpPacket::parse(&buffer[..length]) else {
                        continue;
                    };
                    // Silence of the relay's own making carries no time.
                    let Some(sent) = packet
                        .payload
                        .first_chunk()
                        .map(|bytes| Duration::from_nanos(u64::from_be_bytes(*bytes)))
                    else {
                        continue;
                    };
                    if sent > warm && sent <= now {
                        delays.push(now - sent);
                    }
                }
            }
        }
        Ok(delays)
    }))
}

/// Processor time of a thread of this process, by its name.
fn cpu_of(name: &str) -> Result<Duration, Failure> {
    for task in std::fs::read_dir("/proc/self/task")? {
        let path = task?.path();
        if std::fs::read_to_string(path.join("comm"))?.trim() == name {
            let line = std::fs::read_to_string(path.join("schedstat"))?;
            let nanos = line.split(' ').next().unwrap_or_default().parse()?;
            return Ok(Duration::from_nanos(nanos));
        }
    }
    Err(format!("no thread is called {name}").into())
}

/// The relay with all bridges joined, and the addresses of its legs.
fn relay(bridges: usize) -> Result<(MediaThread, Vec<SocketAddr>), Failure> {
    let (reports, mut inbox) = tokio::sync::mpsc::unbounded_channel();
    let media = MediaThread::start(reports)?;
    let mut addresses = Vec::new();
    for index in 0..bridges * 2 {
        let leg = LegId(index as u64 + 1);
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        addresses.push(socket.local_addr()?);
        media.open(leg, socket);
        let remote = "127.0.0.1:9".parse()?;
        let law = Law::Pcma;
        media.agree(
            leg,
            Agreement {
                remote,
                law,
                payload_type: 8,
                telephone_event: None,
                sending: true,
            },
        );
        media.answer(leg);
    }
    for bridge in 0..bridges as u64 {
        media.join(LegId(bridge * 2 + 1), LegId(bridge * 2 + 2), false);
    }
    for _ in 0..bridges {
        inbox.blocking_recv();
    }
    Ok((media, addresses))
}

/// The bare loop: what arrives on one socket of a pair goes out on the other, to whoever sent there last.
struct Bare {
    addresses: Vec<SocketAddr>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Bare {
    fn start(bridges: usize) -> Result<Self, Failure> {
        let mut poll = Poll::new()?;
        let mut sockets = Vec::new();
        let mut addresses = Vec::new();
        for index in 0..bridges * 2 {
            let mut socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse()?)?;
            addresses.push(socket.local_addr()?);
            poll.registry()
                .register(&mut socket, Token(index), Interest::READABLE)?;
            sockets.push(socket);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let run = move || {
            let mut events = Events::with_capacity(1_024);
            let mut buffer = [0; 2_048];
            let mut peers: Vec<Option<SocketAddr>> = vec![None; sockets.len()];
            while !stopping.load(Ordering::Relaxed) {
                if poll
                    .poll(&mut events, Some(Duration::from_millis(50)))
                    .is_err()
                {
                    continue;
                }
                for event in &events {
                    let index = event.token().0;
                    while let Ok((length, from)) = sockets[index].recv_from(&mut buffer) {
                        peers[index] = Some(from);
                        if let Some(to) = peers[index ^ 1] {
                            // A packet that cannot be sent is lost, as in the relay.
                            let _ = sockets[index ^ 1].send_to(&buffer[..length], to);
                        }
                    }
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("bare-loop".into())
            .spawn(run)?;
        Ok(Self {
            addresses,
            stop,
            thread,
        })
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        if self.thread.join().is_err() {
            eprintln!("the bare loop had panicked");
        }
    }
}
