//! How fast answers are joined, and what a call costs beside SIPp's own caller. Needs SIPp (package sip-tester).
//!
//! `cargo run --release -p outdial-telephony --example bench-calls -- [CALLS_PER_SECOND] [SECONDS] [AGENTS]`
//!
//! Agents' legs are called once and stay up; callees answer at once, are joined with an agent each, talk for a
//! second and are hung up. Then SIPp's caller makes the same calls to the same carrier. Processor time is that of
//! whole processes, as Linux accounts it, in steps of 10 ms.

use std::collections::HashMap;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use outdial_domain::{PhoneNumber, Trunk, TrunkName};
use outdial_telephony::sip::{SipConnector, SipSettings};
use outdial_telephony::{
    Address, Call, Caller, Command, Connector, Event, EventReceiver, HangUpReason, LegId, Party,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const ANSWERS: &str = r#"<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="answers">
<recv request="INVITE"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]t[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
<recv request="ACK"/>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"#;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u64| arguments.next().map_or(Ok(otherwise), |text| text.parse());
    let (rate, seconds, agents) = (number(200)?, number(10)?, number(400)?);
    let calls = rate * seconds;
    let directory = std::env::temp_dir().join(format!("outdial-call-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let carrier = Sipp::answering(&directory, "carrier")?;
    let phones = Sipp::answering(&directory, "phones")?;
    println!("{calls} calls at {rate} a second, {agents} agents on permanent legs, talk 1 s");
    let (connector, events) = SipConnector::start(SipSettings::at("127.0.0.1:0".parse()?)).await?;
    let mut driver = Driver {
        connector,
        events,
        next_leg: 0,
        idle: Vec::new(),
    };
    driver.call_agents(phones.port, agents).await?;
    let before = cpu_of("self")?;
    let mut waits = driver.call_callees(carrier.port, rate, calls).await?;
    let ours = cpu_of("self")? - before;
    driver.connector.shutdown(Duration::from_secs(5)).await;
    waits.sort_unstable();
    let at = |share: f64| {
        waits
            .get((waits.len() as f64 * share) as usize)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "answered to joined: p50 {:?}, p99 {:?}, max {:?}",
        at(0.5),
        at(0.99),
        waits.last().copied().unwrap_or_default()
    );
    let theirs = Sipp::calling(&directory, carrier.port, rate, calls)?;
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e3 / calls as f64;
    println!(
        "processor time a call: {:.3} ms, SIPp's caller {:.3} ms: {:.1} ×",
        each(ours),
        each(theirs),
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
    drop((carrier, phones));
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

struct Driver {
    connector: SipConnector,
    events: EventReceiver,
    next_leg: u64,
    idle: Vec<LegId>,
}

impl Driver {
    fn place(&mut self, party: Party) -> Result<LegId, Failure> {
        self.next_leg += 1;
        let call = Call::to(LegId(self.next_leg), party);
        let identity = self.connector.plan(&call)?;
        self.connector.send(Command::Place { call, identity });
        Ok(LegId(self.next_leg))
    }

    async fn call_agents(&mut self, port: u16, agents: u64) -> Result<(), Failure> {
        for agent in 0..agents {
            let address = Address::Uri(format!("sip:{agent}@127.0.0.1:{port}"));
            self.place(Party::Agent {
                address,
                caller: Caller::default(),
                codecs: Vec::new(),
            })?;
        }
        while self.idle.len() < agents as usize {
            match self.events.recv().await.ok_or("no events")? {
                Event::Answered { leg, .. } => {
                    self.connector.send(Command::Confirm { leg });
                    self.idle.push(leg);
                }
                Event::Ended { evidence, .. } => {
                    return Err(format!("a phone did not answer: {evidence:?}").into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes the calls; how long each answer waited until it was joined.
    async fn call_callees(
        &mut self,
        port: u16,
        rate: u64,
        calls: u64,
    ) -> Result<Vec<Duration>, Failure> {
        let carrier = TrunkName::new("carrier")?;
        let mut trunk = Trunk::at(carrier, &format!("sip:127.0.0.1:{port}"));
        trunk.keepalive = Duration::ZERO;
        self.connector.send(Command::Trunks(vec![trunk]));
        let (to, caller_id) = (
            PhoneNumber::from_text("+8613012345678")?,
            PhoneNumber::from_text("10085")?,
        );
        let mut ticks = tokio::time::interval(Duration::from_nanos(1_000_000_000 / rate));
        let mut talking: HashMap<LegId, (LegId, Instant)> = HashMap::new();
        let mut over = std::collections::VecDeque::new();
        let mut waits = Vec::new();
        let (mut placed, mut ended) = (0, 0);
        while ended < calls {
            tokio::select! {
                _ = ticks.tick() => {
                    if placed < calls {
                        placed += 1;
                        self.place(Party::Callee { trunk: carrier, to, caller_id })?;
                    }
                    while over.front().is_some_and(|(at, _): &(Instant, LegId)| at.elapsed() >= Duration::from_secs(1)) {
                        if let Some((_, leg)) = over.pop_front() {
                            self.connector.send(Command::HangUp { leg, reason: HangUpReason::Normal });
                        }
                    }
                }
                event = self.events.recv() => match event.ok_or("no events")? {
                    Event::Answered { leg, .. } => {
                        let other = self.idle.pop().ok_or("no agent is free")?;
                        self.connector.send(Command::Join { callee: leg, other, tone: true });
                        self.connector.send(Command::Confirm { leg });
                        talking.insert(leg, (other, Instant::now()));
                    }
                    Event::Joined { callee, .. } => {
                        if let Some((_, answered)) = talking.get(&callee) {
                            waits.push(answered.elapsed());
                            over.push_back((Instant::now(), callee));
                        }
                    }
                    Event::Ended { leg, evidence, .. } => {
                        ended += 1;
                        match talking.remove(&leg) {
                            Some((agent, _)) => self.idle.push(agent),
                            None => return Err(format!("a call failed: {evidence:?}").into()),
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(waits)
    }
}

/// A SIPp process; ended when dropped.
struct Sipp {
    child: Child,
    port: u16,
}

impl Sipp {
    fn answering(directory: &Path, name: &str) -> Result<Self, Failure> {
        let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
        let file: PathBuf = directory.join(format!("{name}.xml"));
        std::fs::write(&file, ANSWERS)?;
        let child = Process::new("sipp")
            .current_dir(directory)
            .arg("-sf")
            .arg(&file)
            .args([
                "-i",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-nostdin",
                "-timeout",
                "300s",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("sipp: {error}; install the package sip-tester"))?;
        let sipp = Self { child, port };
        for _ in 0..500 {
            if UdpSocket::bind(("127.0.0.1", port)).is_err() {
                return Ok(sipp);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("SIPp does not listen".into())
    }

    /// Lets SIPp's own caller make calls that talk for a second; its processor time.
    fn calling(directory: &Path, port: u16, rate: u64, calls: u64) -> Result<Duration, Failure> {
        let mut child = Process::new("sipp")
            .current_dir(directory)
            .args([
                "-sn",
                "uac",
                &format!("127.0.0.1:{port}"),
                "-i",
                "127.0.0.1",
                "-d",
                "1000",
                "-nostdin",
            ])
            .args([
                "-r",
                &rate.to_string(),
                "-m",
                &calls.to_string(),
                "-timeout",
                "300s",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let id = child.id().to_string();
        let mut last = Duration::ZERO;
        // Its account is gone with it, so it is read until then.
        while child.try_wait()?.is_none() {
            last = cpu_of(&id).unwrap_or(last).max(last);
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(last)
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of a process, from its account in `/proc`.
fn cpu_of(process: &str) -> Result<Duration, Failure> {
    let line = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = line.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<u64>().ok())
            .unwrap_or(0)
    };
    Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
}
