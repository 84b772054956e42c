-- What APIs keep beside campaigns and contacts, each in its own form.
CREATE TABLE note (
    tenant INTEGER NOT NULL REFERENCES tenant,
    origin TEXT NOT NULL,
    kind   TEXT NOT NULL,
    key    TEXT NOT NULL,
    data   TEXT NOT NULL,
    PRIMARY KEY (tenant, origin, kind, key)
) STRICT, WITHOUT ROWID;
