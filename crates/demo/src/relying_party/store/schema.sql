-- Times are milliseconds since 1970 by the site's clock. Secrets of sessions are kept as SHA-256 only.

CREATE TABLE account (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('management', 'member'))
) STRICT;

CREATE TABLE user (
    id            TEXT PRIMARY KEY,
    account       TEXT NOT NULL REFERENCES account,
    name          TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('root', 'user')),
    administrator INTEGER NOT NULL,
    password      TEXT NOT NULL,
    -- The cohort of the roll-out that brought the user under the policy.
    cohort        INTEGER REFERENCES cohort,
    -- The first sign-in under a policy with a grace period.
    grace_began   INTEGER
) STRICT;

CREATE TABLE device (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    user            TEXT NOT NULL REFERENCES user ON DELETE CASCADE,
    credential_id   BLOB NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    -- The name as people would confuse it with others: see device_name.rs.
    name_key        TEXT NOT NULL,
    -- What webauthn-rs needs to verify a signature.
    passkey         TEXT NOT NULL,
    -- The highest signature counter that was seen; zero for passkeys that do not count.
    counter         INTEGER NOT NULL,
    backup_eligible INTEGER NOT NULL,
    backed_up       INTEGER NOT NULL,
    -- As the authenticator named them, separated by spaces.
    transports      TEXT NOT NULL,
    created         INTEGER NOT NULL,
    last_used       INTEGER,
    UNIQUE (user, name_key)
) STRICT;

CREATE TABLE session (
    secret_hash BLOB PRIMARY KEY,
    user        TEXT NOT NULL REFERENCES user ON DELETE CASCADE,
    proved      TEXT NOT NULL CHECK (proved IN ('password', 'admitted', 'passkey')),
    form_token  TEXT NOT NULL,
    ends        INTEGER NOT NULL
) STRICT;

-- Wrong passwords in a row, by the SHA-256 of the user name: also of names that do not exist.
CREATE TABLE guesses (
    name_hash BLOB PRIMARY KEY,
    wrong     INTEGER NOT NULL,
    last      INTEGER NOT NULL
) STRICT;

CREATE TABLE policy (
    population TEXT PRIMARY KEY,
    mode       TEXT NOT NULL
) STRICT;

CREATE TABLE cohort (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    began  INTEGER NOT NULL,
    users  INTEGER NOT NULL
) STRICT;

CREATE TABLE enforcement (
    only            INTEGER PRIMARY KEY CHECK (only = 1),
    grace           INTEGER NOT NULL,
    suspended_since INTEGER
) STRICT;

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    event   TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;
