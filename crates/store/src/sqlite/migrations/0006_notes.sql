-- What APIs keep beside campaigns and contacts, each in its own form.
CREATE TABLE note (
    tenant INTEGER NOT NULL REFERENCES tenant,
    origin TEXT NOT NULL,
    kind   TEXT NOT NULL,
    key    TEXT NOT NULL,
    data   TEXT NOT NULL,
    PRIMARY KEY (tenant, origin, kind, key)
) STRICT, WITHOUT ROWID;
-- Whether a call is reserved for a contact that is to leave its list.
CREATE INDEX appointment_by_contact ON appointment (contact) WHERE state IN ('waiting', 'calling');
