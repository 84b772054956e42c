//! The dialects over HTTP, on a real service and store.

mod alibaba;
mod common;
mod dezhu;
mod huawei;
mod tencent;
