//! The bounds of the tables, at the limit and one past it.

use rusqlite::params;
use tempfile::TempDir;
use webauthn_rs::prelude::Uuid;

use super::*;
use crate::relying_party::audit::AuditEvent;
use crate::relying_party::limits::Limit;
use crate::relying_party::passwords::Hash;
use crate::relying_party::{
    AccountKind, MAX_AUDIT_ENTRIES, MAX_GUESSED_NAMES, MAX_SESSIONS, MAX_SESSIONS_OF_USER, NewUser,
    SESSION_LIFE, UserKind,
};

const START: SystemTime = SystemTime::UNIX_EPOCH;

struct Site {
    store: Store,
    limits: Limits,
}

impl Site {
    fn new() -> Self {
        let limits = Limits::new().unwrap();
        let store = Store::open(&StorePlace::Memory, limits.clone()).unwrap();
        Self { store, limits }
    }

    fn run<T>(&self, operation: impl FnOnce(&Records<'_>) -> Result<T, Refusal>) -> T {
        self.store.run_here(operation).unwrap()
    }

    /// Adds a user to a site.
    fn user(&self, name: &str) -> Uuid {
        let user = NewUser {
            account: "Example",
            name,
            display_name: name,
            password: "",
            kind: UserKind::User,
            administrator: false,
        };
        self.run(|records| {
            records.add_account("Example", AccountKind::Member)?;
            records.add_user(&user, &Hash::from_stored("none"))?;
            Ok(records.user_named(name)?.unwrap().id)
        })
    }

    /// Fills the table of sessions up to a number.
    fn fill_sessions(&self, user: Uuid, count: usize, ends: SystemTime) {
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO session SELECT randomblob(32), ?2, 'password', '', ?3 FROM n";
        let count = i64::try_from(count).unwrap();
        self.run(|records| {
            let row = params![count, user.to_string(), stored(ends)];
            Ok(records.0.execute(sql, row)?)
        });
    }
}

#[test]
fn what_is_committed_is_on_the_disk() {
    let directory = TempDir::new().unwrap();
    let place = StorePlace::File(directory.path().join("console.sqlite"));
    let store = Store::open(&place, Limits::new().unwrap()).unwrap();
    let level = store.run_here(|records| {
        let level = records
            .0
            .pragma_query_value(None, "synchronous", |row| row.get(0));
        Ok(level?)
    });
    let (level, full): (i64, _) = (level.unwrap(), 2);
    assert_eq!(level, full);
}

#[test]
fn a_site_has_so_many_sessions_and_not_one_more() {
    let site = Site::new();
    let (alice, others) = (site.user("alice"), site.user("others"));
    site.fill_sessions(others, MAX_SESSIONS - 1, START + SESSION_LIFE);
    let open = |now| {
        site.store
            .run_here(|records| records.replace_session(None, alice, Proved::Password, now))
    };
    open(START).unwrap();
    assert_eq!(site.limits.count(Limit::Sessions), 0);
    assert!(matches!(open(START), Err(Refusal::TooManySessions)));
    assert_eq!(site.limits.count(Limit::Sessions), 1);
    // Those that ended make room.
    open(START + SESSION_LIFE).unwrap();
}

#[test]
fn a_user_has_so_many_sessions_and_the_oldest_without_a_passkey_make_room() {
    let site = Site::new();
    let alice = site.user("alice");
    let open = |proved, after| {
        let now = START + Duration::from_secs(after);
        site.run(|records| records.replace_session(None, alice, proved, now))
    };
    let is_open = |secret: &SessionSecret| {
        let found = site
            .store
            .run_here(|records| records.session(secret, START + Duration::from_secs(99)));
        found.is_ok()
    };
    let passkey = open(Proved::Passkey, 0);
    let oldest = open(Proved::Password, 1);
    for after in 2..MAX_SESSIONS_OF_USER {
        open(Proved::Admitted, u64::try_from(after).unwrap());
    }
    assert_eq!(site.limits.count(Limit::SessionsOfUser), 0);
    assert!(is_open(&passkey) && is_open(&oldest));
    let latest = open(Proved::Password, 90);
    assert_eq!(site.limits.count(Limit::SessionsOfUser), 1);
    assert!(!is_open(&oldest));
    assert!(is_open(&passkey) && is_open(&latest));
}

#[test]
fn the_oldest_entry_of_a_full_audit_trail_makes_room() {
    let site = Site::new();
    let note = |detail: &str| {
        site.run(|records| records.audit(START, "", AuditEvent::Unknown, "", detail));
    };
    note("first");
    let sql = "UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'audit'";
    site.run(|records| Ok(records.0.execute(sql, [MAX_AUDIT_ENTRIES - 1])?));
    note("at the limit");
    let kept = || {
        let entries = site.run(|records| records.audit_entries(None, 9));
        let details = entries.into_iter().map(|entry| entry.detail);
        details.collect::<Vec<_>>()
    };
    assert_eq!(kept(), ["at the limit", "first"]);
    assert_eq!(site.limits.count(Limit::AuditEntries), 0);
    note("one past");
    assert_eq!(kept(), ["one past", "at the limit"]);
    assert_eq!(site.limits.count(Limit::AuditEntries), 1);
}

#[test]
fn the_oldest_count_of_wrong_passwords_makes_room() {
    let site = Site::new();
    let guess = |name: &str, after| {
        let now = START + Duration::from_secs(after);
        site.run(|records| records.count_guess(name, now));
    };
    let counts = || -> i64 {
        let sql = "SELECT count(*) FROM guesses";
        site.run(|records| Ok(records.0.query_row(sql, [], |row| row.get(0))?))
    };
    guess("oldest", 1);
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         INSERT INTO guesses SELECT randomblob(32), 1, 2000 FROM n";
    site.run(|records| Ok(records.0.execute(sql, [MAX_GUESSED_NAMES - 2])?));
    guess("at the limit", 3);
    assert_eq!(counts(), MAX_GUESSED_NAMES);
    assert_eq!(site.limits.count(Limit::GuessedNames), 0);
    guess("one past", 4);
    assert_eq!(counts(), MAX_GUESSED_NAMES);
    assert_eq!(site.limits.count(Limit::GuessedNames), 1);
    // The oldest begins anew, and has no longer one wrong password.
    let sql = "SELECT EXISTS (SELECT 1 FROM guesses WHERE last = 1000)";
    let kept: bool = site.run(|records| Ok(records.0.query_row(sql, [], |row| row.get(0))?));
    assert!(!kept);
}
