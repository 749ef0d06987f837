//! The tables of settings: what an entry knows, and all of them together.

use super::value::Invalid;
use super::{Clients, Config, Limits, Operation, Peers, Proxies, Quotas};

/// Makes a struct of settings and the table of its fields. A field's documentation is its help too.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $type:ty as $form:ty = $default:expr;
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nDefault: `", stringify!($default), "`.")]
                pub $field: $type,
            )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $name {
            pub(in crate::config) const FIELDS: &'static [$crate::config::table::Field<Self>] = &[
                $($crate::config::table::Field {
                    name: stringify!($field),
                    help: concat!($($doc, "\n",)+),
                    value: <$form as $crate::config::value::Form<$type>>::name,
                    set: |all, text| {
                        all.$field = <$form as $crate::config::value::Form<$type>>::parse(text)?;
                        Ok(())
                    },
                    show: |all| <$form as $crate::config::value::Form<$type>>::show(&all.$field),
                },)+
            ];
        }
    };
}
pub(super) use settings;

/// One setting in a struct of them.
#[derive(Debug)]
pub(super) struct Field<S> {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    /// What a value is called in the help; empty for a switch.
    pub(super) value: fn() -> String,
    pub(super) set: fn(&mut S, &str) -> Result<(), Invalid>,
    pub(super) show: fn(&S) -> String,
}

/// Everything that the program may be told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Where clients come from.
    pub clients: Clients,
    /// How it is run and watched.
    pub operation: Operation,
    /// What one connection or tunnel may use.
    pub limits: Limits,
    /// What one client may use.
    pub quotas: Quotas,
    /// The other instances.
    pub peers: Peers,
}

/// One setting: a flag, an environment variable, a key in the file.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    entry: Entry,
}

#[derive(Debug, Clone, Copy)]
enum Entry {
    Clients(&'static Field<Clients>),
    Operation(&'static Field<Operation>),
    Limits(&'static Field<Limits>),
    Quotas(&'static Field<Quotas>),
    Peers(&'static Field<Peers>),
}

/// Does the same with a field, whatever its struct.
macro_rules! with_field {
    ($entry:expr, $field:ident => $result:expr) => {
        match $entry {
            Entry::Clients($field) => $result,
            Entry::Operation($field) => $result,
            Entry::Limits($field) => $result,
            Entry::Quotas($field) => $result,
            Entry::Peers($field) => $result,
        }
    };
}

impl Key {
    /// Every key, in the order of the help.
    pub fn all() -> impl Iterator<Item = Self> {
        let clients = Clients::FIELDS.iter().map(Entry::Clients);
        let operation = Operation::FIELDS.iter().map(Entry::Operation);
        let limits = Limits::FIELDS.iter().map(Entry::Limits);
        let quotas = Quotas::FIELDS.iter().map(Entry::Quotas);
        let peers = Peers::FIELDS.iter().map(Entry::Peers);
        clients
            .chain(operation)
            .chain(limits)
            .chain(quotas)
            .chain(peers)
            .map(|entry| Self { entry })
    }

    /// The key with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|key| key.name() == name)
    }

    /// The name in the file, and of the flag behind `--`: `head-time`.
    #[must_use]
    pub fn name(self) -> String {
        let field = with_field!(self.entry, field => field.name).replace('_', "-");
        match self.entry {
            Entry::Quotas(_) => format!("client-{field}"),
            Entry::Peers(_) => format!("peer-{field}"),
            _ => field,
        }
    }

    /// The environment variable: `HAWSER_RELAY_HEAD_TIME`.
    #[must_use]
    pub fn variable(self) -> String {
        format!(
            "{VARIABLE_PREFIX}{}",
            self.name().to_uppercase().replace('-', "_")
        )
    }

    /// What it does and why its default is what it is. The first sentence stands alone.
    #[must_use]
    pub fn help(self) -> &'static str {
        with_field!(self.entry, field => field.help).trim_ascii()
    }

    /// Under which heading it stands.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self.entry {
            Entry::Clients(_) => "Clients",
            Entry::Operation(_) => "Operation",
            Entry::Limits(_) => "Limits of a connection and a tunnel, and in all",
            Entry::Quotas(_) => "Quotas of one client: an IPv4 address, or a /56 of IPv6",
            Entry::Peers(_) => "Several instances behind one domain",
        }
    }

    /// What a value is called: `TIME`. Empty for a switch, which is `true` or `false`.
    #[must_use]
    pub fn value_name(self) -> String {
        with_field!(self.entry, field => (field.value)())
    }

    /// The value that is in force, as a text that [`Self::set`] takes.
    #[must_use]
    pub fn show(self, settings: &Settings) -> String {
        match self.entry {
            Entry::Clients(field) => (field.show)(&settings.clients),
            Entry::Operation(field) => (field.show)(&settings.operation),
            Entry::Limits(field) => (field.show)(&settings.limits),
            Entry::Quotas(field) => (field.show)(&settings.quotas),
            Entry::Peers(field) => (field.show)(&settings.peers),
        }
    }

    /// Changes the setting.
    ///
    /// # Errors
    /// [`Invalid`] with what was expected.
    pub fn set(self, settings: &mut Settings, text: &str) -> Result<(), Invalid> {
        match self.entry {
            Entry::Clients(field) => (field.set)(&mut settings.clients, text),
            Entry::Operation(field) => (field.set)(&mut settings.operation, text),
            Entry::Limits(field) => (field.set)(&mut settings.limits, text),
            Entry::Quotas(field) => (field.set)(&mut settings.quotas, text),
            Entry::Peers(field) => (field.set)(&mut settings.peers, text),
        }
    }
}

impl Settings {
    /// What of it a [`Relay`](crate::Relay) needs, without the other instances: those need more than
    /// settings, see [`Peers::load`].
    #[must_use]
    pub fn config(&self) -> Config {
        let mut config = Config {
            routing_id: self.operation.routing_id,
            limits: self.limits.clone(),
            quotas: self.quotas.clone(),
            drain_time: self.operation.drain_time,
            census: self.operation.debug_tunnels,
            proxies: Proxies {
                trusted: self.clients.trusted_proxies.clone(),
                address_from: self.clients.client_address_from,
            },
            peers: None,
        };
        if self.operation.no_quotas {
            config.lift_quotas();
        }
        config
    }
}

/// What every environment variable of the program begins with.
pub(super) const VARIABLE_PREFIX: &str = "HAWSER_RELAY_";
