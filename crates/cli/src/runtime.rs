//! The runtime of the commands that wait for something.

use std::time::Duration;

use tokio::runtime::Builder;

use crate::ending::Failure;

/// Runs a command to its end. One thread is plenty: a command waits for people and sockets.
///
/// What the command has left behind gets [`LEFTOVERS`] more.
pub(crate) fn run<T>(command: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(&error).about("the program cannot start"))?;
    let told = runtime.block_on(command);
    // Dropping the runtime would wait for as long as the system's resolver does, when nobody wants the address any more.
    runtime.shutdown_timeout(LEFTOVERS);
    Ok(told)
}

/// Two things can be under way on threads of their own when a command ends: a passkey on its way to the disk, which takes
/// milliseconds and must arrive, and the look-up of a name, which may hang for half a minute and can be left behind.
const LEFTOVERS: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use tokio::sync::oneshot;

    use super::*;

    /// Only a program that hangs takes so long.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// A thread that does `work`, and has begun with it.
    async fn begin(work: impl FnOnce() + Send + 'static) {
        let (begun, beginning) = oneshot::channel();
        drop(tokio::task::spawn_blocking(move || {
            begun.send(()).ok();
            work();
        }));
        beginning.await.unwrap();
    }

    /// The thread stands for a resolver that does not answer.
    #[test]
    fn a_thread_that_hangs_is_left_behind() {
        let (answer, resolver) = mpsc::channel::<()>();
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let looking_up = begin(move || {
            resolver.recv_timeout(PATIENCE).ok();
            ended.store(true, Ordering::SeqCst);
        });
        run(looking_up).unwrap();
        assert!(!over.load(Ordering::SeqCst), "waited for the resolver");
        drop(answer);
    }

    /// The thread stands for a disk that is a little slow.
    #[test]
    fn a_thread_that_writes_is_waited_for() {
        let written = Arc::new(AtomicBool::new(false));
        let disk = Arc::clone(&written);
        run(async move {
            // Held until the command is at its end.
            let (_at_the_end, waiting) = mpsc::channel::<()>();
            begin(move || {
                waiting.recv_timeout(PATIENCE).ok();
                disk.store(true, Ordering::SeqCst);
            })
            .await;
        })
        .unwrap();
        assert!(written.load(Ordering::SeqCst), "did not wait for the disk");
    }
}
