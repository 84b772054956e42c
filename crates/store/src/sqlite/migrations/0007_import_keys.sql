-- How much of a list has been taken in under a key: a repeated request goes on from there.
CREATE TABLE import_key (
    campaign   INTEGER NOT NULL,
    key        TEXT    NOT NULL,
    accepted   INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    PRIMARY KEY (campaign, key)
) STRICT, WITHOUT ROWID;
