//! The browser's remote control (Chrome `DevTools` Protocol), as far as a page is opened and asked.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A connection to the remote control of a browser. One question at a time; events are skipped.
#[derive(Debug)]
pub(super) struct Devtools {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    questions: u64,
}

/// A question to the browser was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevtoolsError {
    /// The connection failed.
    #[error("the connection to the browser broke")]
    Socket(#[from] tungstenite::Error),
    /// The browser went away.
    #[error("the browser closed the connection")]
    Closed,
    /// The browser did not answer.
    #[error("the browser did not answer {0} in time")]
    Silent(&'static str),
    /// The browser refused.
    #[error("the browser refused {method}: {reason}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// What it said.
        reason: String,
    },
}

impl Devtools {
    pub(super) async fn connect(url: &str) -> Result<Self, DevtoolsError> {
        // A page's log may be long.
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        let (socket, _) =
            tokio_tungstenite::connect_async_with_config(url, Some(config), true).await?;
        Ok(Self {
            socket,
            questions: 0,
        })
    }

    /// Asks the browser, or the page behind `session`.
    pub(super) async fn call(
        &mut self,
        session: Option<&str>,
        method: &'static str,
        parameters: Value,
    ) -> Result<Value, DevtoolsError> {
        self.questions += 1;
        let mut question = json!({ "id": self.questions, "method": method, "params": parameters });
        if let (Some(session), Some(question)) = (session, question.as_object_mut()) {
            question.insert("sessionId".to_owned(), session.into());
        }
        self.socket
            .send(Message::text(question.to_string()))
            .await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let message = timeout_at(deadline, self.socket.next())
                .await
                .map_err(|_| DevtoolsError::Silent(method))?
                .ok_or(DevtoolsError::Closed)??;
            let Message::Text(text) = message else {
                continue;
            };
            let Ok(mut answer) = serde_json::from_str::<Value>(&text) else {
                continue;
            };
            if answer.get("id") != Some(&self.questions.into()) {
                continue;
            }
            if let Some(error) = answer.get("error") {
                return Err(DevtoolsError::Refused {
                    method,
                    reason: error.to_string(),
                });
            }
            return Ok(answer
                .get_mut("result")
                .map(Value::take)
                .unwrap_or_default());
        }
    }
}

/// A busy machine may keep a browser waiting for seconds.
const PATIENCE: Duration = Duration::from_secs(30);
