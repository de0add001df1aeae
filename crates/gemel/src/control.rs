//! The control socket: HTTP with JSON over a Unix socket. It knows requests and answers; what is
//! true it asks the engine.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::status::Status;

/// A question to the engine: where the answer goes.
pub(crate) type Question = oneshot::Sender<Status>;

/// Connections at once; more wait in the socket's own queue.
const CONNECTIONS: usize = 16;
/// How long a client may take to send its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// The socket's path in a run folder.
pub(crate) fn path(run_dir: &Path) -> PathBuf {
    run_dir.join("control.sock")
}

/// Binds the socket; removes one that a dead process left.
///
/// # Errors
/// Another daemon answers there, or the folder cannot be written.
pub(crate) fn bind(run_dir: &Path) -> anyhow::Result<UnixListener> {
    let path = path(run_dir);
    match StdStream::connect(&path) {
        Ok(_) => bail!(
            "{}: another gemel answers there; stop it, or give this one its own --run-dir",
            path.display()
        ),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(&path)
                .with_context(|| format!("{}: cannot remove the stale socket", path.display()))?;
        }
        Err(_) => {}
    }
    let listener = UnixListener::bind(&path).with_context(|| {
        format!("{}: cannot open the control socket; can --run-dir be written?", path.display())
    })?;
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o660))
        .with_context(|| format!("{}: cannot set its mode", path.display()))?;
    Ok(listener)
}

/// Answers until the engine is gone. The crate's only spawns.
pub(crate) async fn serve(listener: UnixListener, engine: mpsc::Sender<Question>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while !engine.is_closed() {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let engine = engine.clone();
                tokio::spawn(async move {
                    converse(stream, engine).await;
                    drop(place);
                });
            }
            // Out of descriptors or the like: ours, and it passes.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn converse(stream: UnixStream, engine: mpsc::Sender<Question>) {
    let answer = service_fn(|request| answer(request, engine.clone()));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer);
    // A client that goes away in the middle is its own affair.
    drop(served.await);
}

async fn answer(
    request: Request<Incoming>,
    engine: mpsc::Sender<Question>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = match (request.method(), request.uri().path()) {
        (&Method::GET, "/v1/status") => status(engine).await,
        (_, "/v1/status") => problem(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here"),
        _ => problem(StatusCode::NOT_FOUND, "there is only /v1/status"),
    };
    Ok(response)
}

async fn status(engine: mpsc::Sender<Question>) -> Response<Full<Bytes>> {
    let (reply, wait) = oneshot::channel();
    if engine.send(reply).await.is_err() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping");
    }
    match wait.await.map(|status| serde_json::to_string(&status)) {
        Ok(Ok(text)) => json(StatusCode::OK, text),
        Ok(Err(_)) | Err(_) => problem(StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping"),
    }
}

fn problem(status: StatusCode, detail: &str) -> Response<Full<Bytes>> {
    json(status, serde_json::json!({ "error": detail }).to_string())
}

fn json(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
