//! The commands that ask the running daemon over its control socket.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::cli;
use crate::control;
use crate::status::Status;

/// Longer than the daemon takes at most to ask its loops.
const PATIENCE: Duration = Duration::from_secs(5);
/// A status of 10,000 services with 10 servers each is about 20 MB.
const LARGEST_ANSWER: usize = 256 << 20;

/// Prints the status, as text or as JSON.
pub(crate) fn status(arguments: &cli::Status) -> anyhow::Result<ExitCode> {
    let text = get(&arguments.run_dir, "/v1/status")?;
    if arguments.json {
        println!("{text}");
    } else {
        let status: Status = serde_json::from_str(&text)
            .context("the daemon's answer is not a status; is it of another version?")?;
        print!("{status}");
    }
    Ok(ExitCode::SUCCESS)
}

fn get(run_dir: &Path, what: &str) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let socket = control::path(run_dir);
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, exchange(&socket, what))
            .await
            .with_context(|| format!("{}: no answer within {PATIENCE:?}", socket.display()))?
    })
}

async fn exchange(socket: &Path, what: &str) -> anyhow::Result<String> {
    let stream = UnixStream::connect(socket).await.with_context(|| {
        format!(
            "no gemel answers at {}; is it running, and is this its --run-dir?",
            socket.display()
        )
    })?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let request = Request::get(what).header("host", "gemel").body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await;
    driver.abort();
    let body = body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?.to_bytes();
    let text = String::from_utf8(body.to_vec()).context("the answer is not text")?;
    if status != StatusCode::OK {
        bail!("{what}: {status}: {text}");
    }
    Ok(text)
}
