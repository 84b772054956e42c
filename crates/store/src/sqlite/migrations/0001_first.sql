-- Conventions: instants are milliseconds since 1970 in UTC; phone numbers are text as
-- PhoneNumber::text writes them; what is only ever read whole is JSON.

CREATE TABLE tenant (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    data TEXT NOT NULL
) STRICT;

-- Skill groups, agents, flows, number groups and caller IDs.
CREATE TABLE item (
    seq    INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL REFERENCES tenant,
    kind   TEXT NOT NULL,
    id     TEXT NOT NULL,
    source TEXT NOT NULL,
    data   TEXT NOT NULL,
    UNIQUE (tenant, kind, id)
) STRICT;

CREATE TABLE agent_wish (
    tenant INTEGER NOT NULL REFERENCES tenant,
    agent  TEXT NOT NULL,
    wish   TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (tenant, agent)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
    tenant      INTEGER NOT NULL REFERENCES tenant,
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    agent       TEXT,
    secret_hash BLOB NOT NULL UNIQUE,
    source      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE halt (
    tenant INTEGER NOT NULL REFERENCES tenant,
    scope  TEXT NOT NULL,
    reason TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (tenant, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE breaker (
    tenant    INTEGER NOT NULL REFERENCES tenant,
    trunk     TEXT NOT NULL,
    caller_id TEXT NOT NULL,
    data      TEXT NOT NULL,
    PRIMARY KEY (tenant, trunk, caller_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE campaign (
    -- AUTOINCREMENT: the id of a campaign is never given to another one.
    id          INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 2147483647),
    uuid        TEXT NOT NULL UNIQUE,
    tenant      INTEGER NOT NULL REFERENCES tenant,
    origin      TEXT NOT NULL,
    state       TEXT NOT NULL,
    end_reason  TEXT,
    name        TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    -- Whether the order keys of fresh contacts are shuffled.
    shuffled    INTEGER NOT NULL,
    -- How many contacts it has ever been given: the place in the list of the newest.
    contact_seq INTEGER NOT NULL DEFAULT 0,
    -- Contacts up to this place can be found in contact_number.
    numbered    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX campaign_by_tenant ON campaign (tenant);
CREATE INDEX campaign_by_name ON campaign (tenant, name);

CREATE TABLE revision (
    campaign INTEGER NOT NULL REFERENCES campaign,
    number   INTEGER NOT NULL,
    author   TEXT NOT NULL,
    origin   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    settings TEXT NOT NULL,
    PRIMARY KEY (campaign, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    tenant      INTEGER NOT NULL REFERENCES tenant,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    campaign    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (at);

-- What would else be counted: kept in the transactions of the changes.
CREATE TABLE campaign_total (
    campaign    INTEGER PRIMARY KEY,
    fresh       INTEGER NOT NULL DEFAULT 0,
    resting     INTEGER NOT NULL DEFAULT 0,
    in_progress INTEGER NOT NULL DEFAULT 0,
    done        INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    live        INTEGER NOT NULL DEFAULT 0,
    abandoned   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE campaign_outcome (
    campaign INTEGER NOT NULL,
    outcome  TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (campaign, outcome)
) STRICT, WITHOUT ROWID;

-- Live answers and abandonments by quarters of an hour: every zone's midnight begins one.
CREATE TABLE ledger (
    campaign  INTEGER NOT NULL,
    slot      INTEGER NOT NULL,
    live      INTEGER NOT NULL,
    abandoned INTEGER NOT NULL,
    PRIMARY KEY (campaign, slot)
) STRICT, WITHOUT ROWID;

-- A contact's id is its campaign times 10^9 plus its place in the list, so that the contacts of a
-- campaign lie together and are in list order without a further index.
CREATE TABLE contact (
    id           INTEGER PRIMARY KEY,
    campaign     INTEGER NOT NULL,
    -- 0 fresh, 1 resting, 2 in progress, 3 done.
    state        INTEGER NOT NULL,
    priority     INTEGER NOT NULL,
    -- The order key while fresh, the due time while resting.
    sort_key     INTEGER NOT NULL,
    number       TEXT NOT NULL,
    -- Further numbers, a space between them.
    more_numbers TEXT,
    -- All of them as the list spells them, a space between them; NULL = just so.
    given        TEXT,
    external_id  TEXT,
    time_zone    TEXT,
    -- JSON object; NULL = none.
    attributes   TEXT,
    -- A version byte and the encoded history; NULL = never tried.
    history      BLOB,
    last_outcome TEXT
) STRICT;
-- The window of due contacts. Contacts in progress or done are not in it.
CREATE INDEX contact_due ON contact (campaign, state, priority, sort_key) WHERE state < 2;

-- Contacts by number, packed (see number_key.rs). Filled after the contacts, in sorted runs; what
-- is not in it yet lies above campaign.numbered.
CREATE TABLE contact_number (
    number  BLOB NOT NULL,
    contact INTEGER NOT NULL,
    PRIMARY KEY (number, contact)
) STRICT, WITHOUT ROWID;

-- An attempt's key is its tenant times 10^12 plus its id.
CREATE TABLE attempt (
    key         INTEGER PRIMARY KEY,
    campaign    INTEGER NOT NULL,
    contact     INTEGER NOT NULL,
    number      TEXT NOT NULL,
    caller_id   TEXT NOT NULL,
    trunk       TEXT NOT NULL,
    agent       TEXT,
    revision    INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    progress_at INTEGER,
    answered_at INTEGER,
    joined_at   INTEGER,
    ended_at    INTEGER,
    outcome     TEXT,
    blame       TEXT,
    -- JSON; NULL while under way.
    evidence    TEXT,
    abandoned   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX attempt_by_campaign ON attempt (campaign);
CREATE INDEX attempt_by_contact ON attempt (contact);
CREATE INDEX attempt_by_number ON attempt (number);
CREATE INDEX attempt_open ON attempt (outcome) WHERE outcome IS NULL;

CREATE TABLE disposition (
    attempt     INTEGER PRIMARY KEY,
    code        TEXT NOT NULL,
    notes       TEXT NOT NULL,
    do_not_call INTEGER NOT NULL,
    author      TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

-- SIP dialogs that may be up. `owner` is an attempt's id or an agent's.
CREATE TABLE dialog (
    leg        INTEGER PRIMARY KEY,
    owner_kind TEXT NOT NULL,
    tenant     INTEGER NOT NULL,
    owner      TEXT NOT NULL,
    identity   TEXT NOT NULL,
    answered   INTEGER NOT NULL
) STRICT;
CREATE INDEX dialog_by_owner ON dialog (tenant, owner_kind, owner);

CREATE TABLE event (
    id       INTEGER PRIMARY KEY,
    tenant   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    campaign INTEGER,
    data     TEXT NOT NULL
) STRICT;

CREATE TABLE probe (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES (1, 0);
