//! The phones of the demo: the phone crate, with a page for a screen.

mod pocket_phone;
mod prompt;
mod refusal;
mod screen;

use std::path::Path;
use std::sync::Arc;

use hawser_phone::store::{FileStore, FileStoreError};

pub(super) use pocket_phone::{PhoneKit, PocketPhone};
pub(super) use refusal::PhoneRefusal;

/// The phones, in the order in which they are listed.
pub(super) struct Phones(Vec<Arc<PocketPhone>>);

impl Phones {
    /// Opens the phones, whose passkeys are files in a directory.
    pub(super) fn open(directory: &Path, kit: &PhoneKit) -> Result<Self, FileStoreError> {
        let phones = PHONES.iter().map(|(slug, name)| {
            let store = FileStore::open(directory.join(format!("{slug}.json")))?;
            Ok(Arc::new(PocketPhone::new(slug, name, store, kit)))
        });
        phones.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn all(&self) -> &[Arc<PocketPhone>] {
        &self.0
    }

    pub(super) fn find(&self, slug: &str) -> Result<&Arc<PocketPhone>, PhoneRefusal> {
        let mut phones = self.0.iter();
        phones
            .find(|phone| phone.slug == slug)
            .ok_or(PhoneRefusal::NoSuchPhone)
    }
}

/// Enough to enrol two and lose one.
const PHONES: [(&str, &str); 3] = [
    ("coral", "Coral phone"),
    ("slate", "Slate phone"),
    ("olive", "Olive phone"),
];
