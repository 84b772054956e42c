//! Tencent Cloud Contact Center (CCC), API version 2020-02-10.

mod legacy;
pub mod sign;
