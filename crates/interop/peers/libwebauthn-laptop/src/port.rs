//! Port 443 of a network that has nothing else in it.

use std::io;
use std::path::PathBuf;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};

/// Passes every connection to port 443 of this network on to a Unix socket, which is in everybody's.
pub async fn lead_to(socket: PathBuf) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:443").await?;
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let socket = socket.clone();
            tokio::spawn(async move {
                let Ok(mut relay) = UnixStream::connect(&socket).await else {
                    return;
                };
                // Whoever ends first ends both.
                let _ = copy_bidirectional(&mut client, &mut relay).await;
            });
        }
    });
    Ok(())
}
