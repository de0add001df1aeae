//! ipvs-sys
