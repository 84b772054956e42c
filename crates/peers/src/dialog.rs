//! One side of a SIP dialog: what its requests carry and where they go.

use crate::endpoint::Remote;
use crate::sip::{BRANCH_COOKIE, Message, Method, NameAddr, SipUri, escaped, unique};
use std::net::SocketAddr;

/// State of a dialog as RFC 3261 section 12 keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    /// Our From or To with our tag.
    local: String,
    pub(crate) local_tag: String,
    /// The other side's To or From, with its tag once we know it.
    remote: String,
    pub(crate) remote_tag: Option<String>,
    /// Request-URI of our requests.
    pub(crate) target: String,
    routes: Vec<String>,
    pub(crate) local_cseq: u32,
    /// Our Contact.
    pub(crate) contact: String,
    local_addr: SocketAddr,
    remote_transport: Remote,
    /// Sends to where the other side's INVITE came from instead of to its Contact.
    pub(crate) to_source: bool,
}

/// Where one side of a dialog is reached.
#[derive(Clone, Debug)]
pub(crate) struct Whereabouts {
    /// User part of the Contact.
    pub(crate) user: String,
    /// The endpoint's address: Via and, where nothing else is said, Contact.
    pub(crate) addr: SocketAddr,
    /// Address to announce in Contact instead.
    pub(crate) contact: Option<SocketAddr>,
    /// See [`Dialog::to_source`].
    pub(crate) to_source: bool,
}

impl Whereabouts {
    fn contact_header(&self, stream: bool) -> String {
        let addr = self.contact.unwrap_or(self.addr);
        let transport = if stream { ";transport=tcp" } else { "" };
        match self.user.as_str() {
            "" => format!("<sip:{addr}{transport}>"),
            user => format!("<sip:{}@{addr}{transport}>", escaped(user)),
        }
    }
}

impl Dialog {
    /// The dialog that an INVITE to us makes.
    pub(crate) fn answering(invite: &Message, from: &Remote, here: &Whereabouts) -> Self {
        let local_tag = unique("t");
        let remote = invite.header("From").unwrap_or_default().to_owned();
        let routes: Vec<String> = invite
            .headers("Record-Route")
            .flat_map(crate::sip::split_list)
            .map(str::to_owned)
            .collect();
        Self {
            call_id: invite.call_id().to_owned(),
            local: format!(
                "{};tag={local_tag}",
                invite.header("To").unwrap_or_default()
            ),
            local_tag,
            remote_tag: NameAddr::parse(&remote).and_then(|a| a.tag().map(str::to_owned)),
            remote,
            // Without a readable Contact the source is the best guess.
            target: contact_uri(invite).unwrap_or_else(|| format!("sip:{}", from.addr)),
            routes,
            local_cseq: 0,
            contact: here.contact_header(from.is_stream()),
            local_addr: here.addr,
            remote_transport: from.clone(),
            to_source: here.to_source,
        }
    }

    /// The dialog that our INVITE is going to make.
    pub(crate) fn calling(
        from: &str,
        to: &str,
        target: &str,
        via: &Remote,
        here: &Whereabouts,
    ) -> Self {
        let local_tag = unique("t");
        Self {
            call_id: unique("call-"),
            local: format!("{from};tag={local_tag}"),
            local_tag,
            remote: to.to_owned(),
            remote_tag: None,
            target: target.to_owned(),
            routes: Vec::new(),
            local_cseq: 0,
            contact: here.contact_header(via.is_stream()),
            local_addr: here.addr,
            remote_transport: via.clone(),
            to_source: here.to_source,
        }
    }

    /// Takes over what a response to our INVITE says about the other side.
    pub(crate) fn learn(&mut self, response: &Message) {
        if let Some(to) = response.header("To") {
            let tag = NameAddr::parse(to).and_then(|a| a.tag().map(str::to_owned));
            if tag.is_some() {
                self.remote = to.to_owned();
                self.remote_tag = tag;
            }
        }
        if let Some(uri) = contact_uri(response) {
            self.target = uri;
        }
        let routes = response
            .headers("Record-Route")
            .flat_map(crate::sip::split_list);
        self.routes = routes.map(str::to_owned).collect();
        self.routes.reverse();
    }

    /// Follows the other side's Contact when a re-INVITE or UPDATE moves it.
    pub(crate) fn retarget(&mut self, message: &Message) {
        if let Some(uri) = contact_uri(message) {
            self.target = uri;
        }
    }

    /// The next request in this dialog, with a new CSeq and a new branch.
    pub(crate) fn request(&mut self, method: Method) -> Message {
        self.local_cseq += 1;
        self.numbered(method, self.local_cseq)
    }

    /// A request with a CSeq of its own choice, as ACK and CANCEL need it.
    pub(crate) fn numbered(&self, method: Method, cseq: u32) -> Message {
        let transport = if self.remote_transport.is_stream() {
            "TCP"
        } else {
            "UDP"
        };
        let via = format!(
            "SIP/2.0/{transport} {};rport;branch={}",
            self.local_addr,
            unique(BRANCH_COOKIE)
        );
        let mut message = Message::request(method.clone(), self.target.clone())
            .with("Via", via)
            .with("Max-Forwards", "70")
            .with("From", self.local.clone())
            .with("To", self.remote.clone())
            .with("Call-ID", self.call_id.clone())
            .with("CSeq", format!("{cseq} {method}"));
        for route in &self.routes {
            message.push("Route", route.clone());
        }
        message.with("Contact", self.contact.clone())
    }

    /// Where the next request goes: first route, else Contact, else the source.
    pub(crate) fn next_hop(&self) -> Remote {
        if self.to_source {
            return self.remote_transport.clone();
        }
        let first_route = self
            .routes
            .first()
            .and_then(|r| NameAddr::parse(r))
            .and_then(|r| r.address());
        let hop = first_route
            .or_else(|| SipUri::parse(&self.target))
            .and_then(|uri| uri.socket_addr());
        hop.map_or_else(
            || self.remote_transport.clone(),
            |addr| self.remote_transport.at(addr),
        )
    }
}

/// The address in a message's first Contact.
fn contact_uri(message: &Message) -> Option<String> {
    let contact = NameAddr::parse(message.header("Contact")?)?;
    SipUri::parse(&contact.uri)?;
    Some(contact.uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_the_called_side_swap_from_and_to_and_go_to_the_contact() {
        let invite = Message::request(Method::Invite, "sip:1@h")
            .with("From", "<sip:a@h>;tag=f")
            .with("To", "<sip:1@h>")
            .with("Call-ID", "c")
            .with("Contact", "<sip:a@127.0.0.1:7000>");
        let here = Whereabouts {
            user: "1".into(),
            addr: "127.0.0.1:6000".parse().unwrap(),
            contact: None,
            to_source: false,
        };
        let source = Remote::udp("127.0.0.1:9".parse().unwrap());
        let mut dialog = Dialog::answering(&invite, &source, &here);
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.header("To"), Some("<sip:a@h>;tag=f"));
        assert!(bye.header("From").unwrap().starts_with("<sip:1@h>;tag="));
        assert_eq!(
            (bye.uri(), dialog.next_hop().addr.port()),
            ("sip:a@127.0.0.1:7000", 7000)
        );
        dialog.to_source = true;
        assert_eq!(dialog.next_hop().addr.port(), 9);
    }
}
