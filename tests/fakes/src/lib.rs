//! Stand-ins for kernel facilities: they record what they were asked, fail and lag on demand.
//! Dev-dependency only.

#![forbid(unsafe_code)]

pub mod ipvs;
pub mod vrrp;
