//! What the objects say of themselves, and who is told when it changes.

use std::collections::BTreeMap;

use zbus::{ObjectPath, Variant};

use super::Daemon;
use crate::bluez::objects::{ADAPTER, ADAPTER_INTERFACE};

impl Daemon {
    pub(in crate::bluez) fn powered(&self) -> bool {
        self.adapter_property("Powered") == Some(&Variant::Bool(true))
    }

    /// Tells everybody about properties that changed.
    pub(in crate::bluez) async fn set(
        &mut self,
        path: &str,
        interface: &str,
        changes: Vec<(&str, Variant<'static>)>,
    ) {
        let Ok(path) = ObjectPath::try_from(path.to_owned()) else {
            return;
        };
        let Some(properties) = self
            .objects
            .get_mut(&path)
            .and_then(|object| object.get_mut(interface))
        else {
            return;
        };
        let now: BTreeMap<&str, Variant<'static>> = changes.into_iter().collect();
        for (name, value) in &now {
            properties.insert((*name).to_owned(), value.clone());
        }
        self.signal(
            &path,
            "org.freedesktop.DBus.Properties",
            "PropertiesChanged",
            &(interface, now, Vec::<&str>::new()),
        )
        .await;
    }

    pub(super) fn adapter_property(&self, name: &str) -> Option<&Variant<'static>> {
        let path = ObjectPath::from_static_str_unchecked(ADAPTER);
        self.objects.get(&path)?.get(ADAPTER_INTERFACE)?.get(name)
    }

    pub(super) async fn signal<B>(
        &self,
        path: &ObjectPath<'_>,
        interface: &str,
        name: &str,
        body: &B,
    ) where
        B: serde::Serialize + zbus::DynamicType,
    {
        // A bus that is gone ends the task at its next message.
        let _ = self
            .connection
            .emit_signal(None::<&str>, path, interface, name, body)
            .await;
    }
}
