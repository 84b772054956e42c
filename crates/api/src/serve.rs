//! Serving a router on a listener until it is time to stop.

use std::io;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How long a connection may be open between requests, or take for the headers of one. Without a limit
/// anybody could hold every file of the process open.
const HEADERS_WAIT: Duration = Duration::from_secs(60);

/// How long requests may go on after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long to wait before the next try when no connection can be taken: most likely there are too many.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Serves HTTP/1.1 until `shutdown` is cancelled: then no connection is taken any more, requests in
/// progress have ten seconds to end, and the call returns. A connection on which nothing is asked for a
/// minute is closed.
///
/// # Errors
/// None at present: a listener that fails is tried again.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> io::Result<()> {
    serve_with(listener, router, shutdown, HEADERS_WAIT).await;
    Ok(())
}

async fn serve_with(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    headers_wait: Duration,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(headers_wait);
    let connections = GracefulShutdown::new();
    while let Some(stream) = shutdown.run_until_cancelled(accept(&listener)).await {
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests still in progress were left behind");
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Events are small and must not wait for one another.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection is gone already");
                }
                return stream;
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    /// A connection to a server that says when a request has come, and answers when it is told to stop.
    async fn server(headers_wait: Duration) -> (TcpStream, CancellationToken, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, asked) = (CancellationToken::new(), CancellationToken::new());
        let (stopping, come) = (shutdown.clone(), asked.clone());
        let router = Router::new().route(
            "/",
            get(async move || {
                come.cancel();
                stopping.cancelled().await;
                "done"
            }),
        );
        tokio::spawn(serve_with(listener, router, shutdown.clone(), headers_wait));
        let stream = TcpStream::connect(address).await.unwrap();
        (stream, shutdown, asked)
    }

    async fn read_to_end(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        let read = stream.read_to_string(&mut text);
        let read = tokio::time::timeout(Duration::from_secs(10), read).await;
        read.expect("the connection is closed in time").unwrap();
        text
    }

    #[tokio::test]
    async fn a_request_in_progress_is_answered_after_the_server_was_told_to_stop() {
        let (mut stream, shutdown, asked) = server(HEADERS_WAIT).await;
        stream.write_all(REQUEST).await.unwrap();
        asked.cancelled().await;
        shutdown.cancel();
        let text = read_to_end(&mut stream).await;
        assert!(text.ends_with("done"), "{text}");
    }

    #[tokio::test]
    async fn a_client_that_does_not_finish_its_headers_is_cut_off() {
        let (mut stream, _shutdown, _asked) = server(Duration::from_millis(100)).await;
        stream.write_all(&REQUEST[..20]).await.unwrap();
        read_to_end(&mut stream).await;
    }
}
