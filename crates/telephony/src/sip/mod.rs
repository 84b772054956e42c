//! Native SIP.
