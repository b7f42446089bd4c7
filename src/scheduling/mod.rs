//! The centre's time: who works when, which hours are free, and who has which.
//!
//! Slots are computed, never stored: a stored slot and a changed agenda disagree on Monday morning. The
//! database is the referee ([`booking`]), memory is the map ([`map`]): the map may lag and offer an hour that
//! has just gone, the referee never gives one twice.
//!
//! Reading order: [`slot`] and [`appointment`] are the values, [`schedule`], [`absence`] and [`holiday`] say
//! when a professional attends, [`grid`] and [`availability`] find what is free, [`ranking`] chooses what to
//! offer ([`search`] is the question), [`map`] keeps it all warm, [`booking`] writes what [`request`] asks.

pub mod absence;
pub mod appointment;
pub mod attendance;
pub mod availability;
pub mod booking;
pub mod grid;
pub mod holiday;
mod known;
pub mod life;
pub mod map;
pub mod plan;
pub mod ranking;
pub mod request;
pub mod schedule;
pub mod search;
pub mod slot;
pub mod store;
pub mod waitlist;
pub mod wall;

pub use booking::BookingError;
pub use map::{Agenda, AgendaError};
pub use plan::{Professional, Service};
pub use request::{
    Actor, CancelOutcome, CancelRequest, ConfirmOutcome, ConfirmRequest, DayChange, HoldOutcome, HoldRequest,
    ReleaseOutcome, ReleaseRequest, RescheduleOutcome, RescheduleRequest, Written,
};
pub use search::{FreeFor, Search};
pub use slot::{Booked, Offer, Slot};
