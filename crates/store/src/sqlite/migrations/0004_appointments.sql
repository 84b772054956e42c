-- Calls that are reserved for a time.
CREATE TABLE appointment (
    -- AUTOINCREMENT: the id of an appointment is never given to another one.
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      INTEGER NOT NULL REFERENCES tenant,
    kind        TEXT NOT NULL,
    campaign    INTEGER NOT NULL,
    contact     INTEGER NOT NULL,
    number      TEXT NOT NULL,
    agent       TEXT,
    skill_group INTEGER,
    caller_id   TEXT,
    due_at      INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    remark      TEXT NOT NULL,
    -- JSON objects.
    attributes  TEXT NOT NULL,
    report      TEXT NOT NULL,
    state       TEXT NOT NULL,
    attempt     INTEGER,
    outcome     TEXT,
    author      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    revision    INTEGER NOT NULL
) STRICT;
CREATE INDEX appointment_due ON appointment (tenant, due_at) WHERE state = 'waiting';
CREATE INDEX appointment_by_tenant ON appointment (tenant);
CREATE INDEX appointment_by_attempt ON appointment (attempt) WHERE attempt IS NOT NULL;
