//! A receiver of results on loopback.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;

/// What the receiver was sent, and what it is still to answer; 200 when there is nothing left.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    got: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> Response {
    let body = serde_json::from_str(&body).unwrap_or(Value::Null);
    receiver.got.lock().unwrap().push((headers, body));
    let answer = receiver.answers.lock().unwrap().pop_front();
    match answer.unwrap_or(StatusCode::OK) {
        StatusCode::OK => r#"{"retCode":"0","retMsg":"success"}"#.into_response(),
        // Who follows it is taken.
        StatusCode::FOUND => (StatusCode::FOUND, [(header::LOCATION, "/taken")]).into_response(),
        status => status.into_response(),
    }
}

impl Receiver {
    /// Listens; says where.
    pub(crate) async fn listen(answers: &[StatusCode]) -> (Self, String) {
        let receiver = Self::default();
        receiver.answers.lock().unwrap().extend(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/results", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    /// The bodies, in the order in which they came.
    pub(crate) fn pushes(&self) -> Vec<Value> {
        let got = self.got.lock().unwrap();
        got.iter().map(|(_, body)| body.clone()).collect()
    }

    /// Waits until enough has come.
    pub(crate) async fn until(&self, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
        loop {
            let pushes = self.pushes();
            if enough(&pushes) {
                return pushes;
            }
            assert!(tokio::time::Instant::now() < deadline, "{pushes:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A header of a push.
    pub(crate) fn header(&self, push: usize, name: header::HeaderName) -> header::HeaderValue {
        self.got.lock().unwrap()[push].0[name].clone()
    }
}
