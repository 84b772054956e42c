//! Alibaba Cloud OutboundBot, API version 2019-12-26.

pub mod sign;
