//! One file for each way to load a service.

mod capacity;
mod churn;
mod finish;
mod hostile;
mod idle;
mod merge;
mod report;
mod sign_ins;
mod soak;
mod stream;
mod transaction;
mod trend;

pub(crate) use self::capacity::run as capacity;
pub(crate) use self::churn::run as churn;
pub(crate) use self::finish::Failed;
pub(crate) use self::hostile::run as hostile;
pub(crate) use self::idle::run as idle;
pub(crate) use self::merge::run as merge;
pub(crate) use self::report::run as report;
pub(crate) use self::sign_ins::run as sign_ins;
pub(crate) use self::soak::run as soak;
pub(crate) use self::stream::run as stream;
