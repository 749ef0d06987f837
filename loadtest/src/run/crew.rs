//! Driving threads: each has an event loop of its own, and shares nothing that it waits for.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use crate::run::worker::Worker;

/// Runs a job on a thread for each worker, and waits for all of them.
pub(crate) async fn work<F, Fut>(workers: &[Arc<Worker>], job: F) -> io::Result<()>
where
    F: Fn(Arc<Worker>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()>,
{
    let mut ends = Vec::new();
    for worker in workers {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (worker, job) = (Arc::clone(worker), job.clone());
        let (end, ended) = oneshot::channel::<()>();
        ends.push(ended);
        std::thread::Builder::new()
            .name(format!("drive-{}", worker.index))
            .spawn(move || {
                worker.thread.store(thread_id(), Ordering::Relaxed);
                runtime.block_on(job(Arc::clone(&worker)));
                worker.keep_thread_time();
                drop(end);
            })?;
    }
    for ended in ends {
        // Ends with an error, because nothing is ever sent.
        let _ = ended.await;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn thread_id() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

#[cfg(not(target_os = "linux"))]
fn thread_id() -> i32 {
    0
}
