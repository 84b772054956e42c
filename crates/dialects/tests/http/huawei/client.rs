//! An independent client, written from the vendor's pages, goes through a whole workflow by TCP.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use axum::Router;
use axum::http::StatusCode;

use crate::common::{NOW, Server};

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_client_finds_what_the_documentation_says() {
    let server = Server::start().await;
    // The client signs by the real clock.
    let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    server.pass(since_1970.as_millis() as i64 - NOW * 1000);
    let nobody = Router::new().fallback(async || (StatusCode::NOT_FOUND, "nobody's"));
    let router = server.dialects.clone().router(nobody);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let script = "../outdial/tests/vendors/huawei_client.py";
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let mut client = Command::new("python3");
    client.arg("-B").arg(script).args(["--base", &base]).args([
        "--ak", "ak-acme", "--sk", "secret", "--vdn", "7", "--skill", "5", "--caller", "10085",
        "--agent", "125",
    ]);
    client.env("NO_PROXY", "127.0.0.1");
    let ran = tokio::task::spawn_blocking(move || client.output()).await;
    let ran = ran.unwrap().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        ran.status.success(),
        "{}\n{}",
        said(&ran.stdout),
        said(&ran.stderr)
    );
    serving.abort();
    server.stop().await;
}
