//! Huawei AICC CC-iSales, V1.

pub mod sign;
