//! Makes a request: an operation, wrong or right, signed or not.

use outdial_dialects::Vendor;

use super::dice::Dice;
use super::mutate;
use super::seeds::{Known, Seed, all};
use super::sent::Sent;
use super::sign::{self, Pairs, Scheme};

/// Once in so many requests something is large.
const LARGE_ONE_IN: usize = 150;

/// Makes one request after another.
pub(super) struct Maker {
    dice: Dice,
    seeds: Vec<Seed>,
    nonce: u64,
}

impl Maker {
    pub(super) fn new(dice: Dice) -> Self {
        Self {
            dice,
            seeds: all(),
            nonce: 0,
        }
    }

    /// The next request. Without a wrong thing once in four times, so that something is there to be
    /// asked about.
    pub(super) fn make(&mut self, known: &Known) -> Sent {
        self.nonce += 1;
        let dice = &mut self.dice;
        let vendor = *dice.pick(&[
            Vendor::Tencent,
            Vendor::Alibaba,
            Vendor::Huawei,
            Vendor::Dezhu,
        ]);
        let of_vendor: Vec<&Seed> = self
            .seeds
            .iter()
            .filter(|seed| seed.vendor == vendor)
            .collect();
        let seed = (*dice.pick(&of_vendor)).clone();
        let large = dice.one_in(LARGE_ONE_IN);
        let mut body = seed.body(dice, known);
        let wrong = match dice.below(8) {
            0 | 1 => 0,
            2..=5 => 1,
            count => count - 4,
        };
        let (mut in_values, mut on_wire) = (0, 0);
        for _ in 0..wrong {
            match dice.one_in(3) {
                true => on_wire += 1,
                false => in_values += 1,
            }
        }
        for _ in 0..in_values {
            mutate::value(&mut body, dice, large);
        }
        let mut sent = self.signed(&seed, &body, known, in_values > 0, large);
        for _ in 0..on_wire {
            mutate::wire(&mut sent, &mut self.dice);
        }
        if large && self.dice.one_in(3) {
            // More than any vendor takes.
            sent.body.resize((10 << 20) + 1, b' ');
        }
        sent
    }

    fn signed(
        &mut self,
        seed: &Seed,
        body: &super::node::Node,
        known: &Known,
        wrong: bool,
        large: bool,
    ) -> Sent {
        let dice = &mut self.dice;
        let schemes: &[Scheme] = match seed.vendor {
            Vendor::Tencent => &[
                Scheme::TencentHeader,
                Scheme::TencentHeader,
                Scheme::TencentUnsignedBody,
                Scheme::TencentLegacy,
            ],
            Vendor::Alibaba => &[
                Scheme::AlibabaHeader,
                Scheme::AlibabaHeader,
                Scheme::AlibabaQuery,
            ],
            Vendor::Huawei => &[Scheme::Huawei],
            Vendor::Dezhu => &[Scheme::Dezhu],
        };
        let scheme = *dice.pick(schemes);
        let mut sent = Sent {
            method: seed.method.to_owned(),
            target: seed.path(dice, known),
            headers: vec![("host".to_owned(), b"h".to_vec())],
            body: Vec::new(),
        };
        let mut pairs: Pairs = Vec::new();
        let in_query = match seed.vendor {
            Vendor::Tencent => scheme == Scheme::TencentLegacy || dice.one_in(3),
            Vendor::Alibaba => true,
            Vendor::Huawei | Vendor::Dezhu => seed.method == "GET",
        };
        if in_query {
            pairs = body.pairs(usize::from(seed.vendor == Vendor::Alibaba));
            if wrong && dice.one_in(2) {
                mutate::pairs(&mut pairs, dice, large);
            }
        } else {
            sent.set("content-type", "application/json");
            sent.body = body.text().into_bytes();
        }
        match seed.vendor {
            Vendor::Tencent => self.tencent(sent, seed, scheme, pairs, in_query),
            Vendor::Alibaba => self.alibaba(sent, seed, scheme, pairs),
            Vendor::Huawei => {
                query(&mut sent, &pairs);
                sign::huawei(&mut sent, &pairs);
                sent
            }
            Vendor::Dezhu => {
                query(&mut sent, &pairs);
                sign::dezhu(&mut sent);
                sent
            }
        }
    }

    fn tencent(
        &mut self,
        mut sent: Sent,
        seed: &Seed,
        scheme: Scheme,
        mut pairs: Pairs,
        in_query: bool,
    ) -> Sent {
        if scheme == Scheme::TencentLegacy {
            let get = self.dice.one_in(2);
            sent.method = if get { "GET" } else { "POST" }.to_owned();
            pairs.push(("Action".to_owned(), seed.action.clone()));
            pairs.push(("Version".to_owned(), "2020-02-10".to_owned()));
            sign::tencent_legacy(&sent.method, &mut pairs);
            match get {
                true => query(&mut sent, &pairs),
                false => form(&mut sent, &pairs),
            }
            return sent;
        }
        sent.set("x-tc-action", seed.action.clone());
        sent.set("x-tc-version", "2020-02-10");
        if in_query {
            sent.method = "GET".to_owned();
            sent.set("content-type", "application/x-www-form-urlencoded");
            query(&mut sent, &pairs);
        }
        sign::tencent_header(&mut sent, scheme == Scheme::TencentHeader);
        sent
    }

    fn alibaba(&mut self, mut sent: Sent, seed: &Seed, scheme: Scheme, mut pairs: Pairs) -> Sent {
        let in_form = self.dice.one_in(2);
        if scheme == Scheme::AlibabaQuery {
            if !self.dice.one_in(3) {
                pairs.push((
                    "Format".to_owned(),
                    (*self.dice.pick(&["JSON", "XML"])).to_owned(),
                ));
            }
            pairs.push(("Action".to_owned(), seed.action.clone()));
            pairs.push(("Version".to_owned(), "2019-12-26".to_owned()));
            sign::alibaba_query(&sent.method, &mut pairs, self.nonce);
            match in_form {
                true => form(&mut sent, &pairs),
                false => query(&mut sent, &pairs),
            }
            return sent;
        }
        sent.set("x-acs-action", seed.action.clone());
        sent.set("x-acs-version", "2019-12-26");
        let accept = self
            .dice
            .pick(&["application/json", "application/xml", "*/*"]);
        sent.set("accept", *accept);
        if in_form {
            form(&mut sent, &pairs);
            pairs.clear();
        } else {
            query(&mut sent, &pairs);
        }
        sign::alibaba_header(&mut sent, &pairs, self.nonce);
        sent
    }
}

fn query(sent: &mut Sent, pairs: &[(String, String)]) {
    if !pairs.is_empty() {
        sent.target = format!("{}?{}", sent.target, sign::query(pairs));
    }
}

fn form(sent: &mut Sent, pairs: &[(String, String)]) {
    sent.set("content-type", "application/x-www-form-urlencoded");
    sent.body = sign::query(pairs).into_bytes();
}
