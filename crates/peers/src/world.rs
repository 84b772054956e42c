//! A whole world for the demo: one carrier with its callees, agents' phones, and a flow.

use crate::carrier::{CalleeMix, Carrier, CarrierOptions, Planner};
use crate::endpoint::Timing;
use crate::flow::{Flow, FlowEnd, FlowOptions};
use crate::media::{Audio, MediaOptions, Ticker};
use crate::phone::{OnCall, Phone, PhoneHost, PhoneOptions};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How a world is set up.
///
/// Everything is compressed so that a demo ends in minutes: callees ring at most 4 s and talk
/// about 5 s. The same seed gives every number the same callee.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    /// Seed of all callees.
    pub seed: u64,
    /// How many agents' phones, named `1001` and following.
    pub agents: usize,
    /// The callees. Default: [`CalleeMix::compressed`] with a tone as voice.
    pub mix: CalleeMix,
    /// Template of every phone; its user is replaced.
    pub phone: PhoneOptions,
    /// How long the flow plays and how it ends.
    pub flow: FlowOptions,
    /// Address to listen at. Default: 127.0.0.1.
    pub ip: IpAddr,
    /// Ports of carrier, phones and flow; 0 = any. Default: 0.
    pub ports: [u16; 3],
}

impl WorldOptions {
    /// A compressed world.
    #[must_use]
    pub fn compressed(seed: u64, agents: usize) -> Self {
        let voice = MediaOptions {
            audio: Audio::Tone,
            ..MediaOptions::default()
        };
        let answers = OnCall::Answer {
            after: Duration::from_millis(100),
        };
        Self {
            seed,
            agents,
            mix: CalleeMix {
                media: voice.clone(),
                ..CalleeMix::compressed()
            },
            phone: PhoneOptions::new("").on_call(answers),
            flow: FlowOptions {
                media: voice,
                ..FlowOptions::new(Duration::from_secs(2), FlowEnd::HangUp)
            },
            ip: Ipv4Addr::LOCALHOST.into(),
            ports: [0; 3],
        }
    }

    /// Starts everything.
    ///
    /// # Errors
    /// The socket's error, for instance when a port is taken.
    pub async fn start(self) -> io::Result<World> {
        let ticker = Ticker::start();
        let [carrier_port, phones_port, flow_port] = self.ports;
        let options = CarrierOptions {
            listen: SocketAddr::new(self.ip, carrier_port),
            ticker: Some(ticker.clone()),
            ..CarrierOptions::new(Planner::seeded(self.seed, self.mix))
        };
        let carrier = Carrier::start(options).await?;
        let host = PhoneHost::start(
            SocketAddr::new(self.ip, phones_port),
            Timing::default(),
            &ticker,
        )
        .await?;
        let users = (0..self.agents).map(|n| (1001 + n).to_string());
        let phones = users
            .map(|user| {
                host.phone(PhoneOptions {
                    user,
                    ..self.phone.clone()
                })
            })
            .collect();
        let mut flow = self.flow;
        flow.carrier.listen = SocketAddr::new(self.ip, flow_port);
        flow.carrier.ticker = Some(ticker);
        let flow = Flow::start("ivr", flow).await?;
        Ok(World {
            carrier,
            host,
            phones,
            flow,
        })
    }
}

/// A running world.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use outdial_peers::{World, WorldOptions};
/// let world = WorldOptions::compressed(7, 10).start().await.unwrap();
/// println!("trunk {}, first agent {}", world.carrier.uri(), world.phones[0].uri());
/// println!("call {}", World::number(0));
/// world.shut_down().await;
/// # });
/// ```
#[derive(Debug)]
pub struct World {
    /// The carrier with its callees and its log.
    pub carrier: Carrier,
    /// The socket of all phones.
    pub host: PhoneHost,
    /// Agents' phones: `1001`, `1002`, …
    pub phones: Vec<Phone>,
    /// A flow called `ivr`.
    pub flow: Flow,
}

impl World {
    /// The n-th made-up number, in E.164: a mobile number in China.
    #[must_use]
    pub fn number(n: u32) -> String {
        format!("+86138{:08}", n % 100_000_000)
    }

    /// Ends everything.
    pub async fn shut_down(self) {
        self.carrier.shut_down().await;
        self.flow.shut_down().await;
        self.host.shut_down().await;
    }
}
