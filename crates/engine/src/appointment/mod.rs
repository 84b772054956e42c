//! Reserved calls: offered or dialed at their time, before fresh contacts, whatever the campaign's
//! windows, order and state of pause are. The law, limits, lines, halts and breakers hold for them as
//! for every call.

mod book;
mod facts;
mod turn;

pub(crate) use book::Book;
