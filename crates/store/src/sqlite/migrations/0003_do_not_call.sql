-- Numbers that no campaign of a tenant may call; as PhoneNumber::text writes them.
CREATE TABLE do_not_call (
    tenant     INTEGER NOT NULL REFERENCES tenant,
    number     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    source     TEXT NOT NULL,
    author     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- When it leaves the list by itself; NULL = never.
    until      INTEGER,
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;

-- Numbers that are not listed for good any more, until the contacts that were left out because of
-- them have returned to their lists.
CREATE TABLE do_not_call_lifted (
    tenant INTEGER NOT NULL REFERENCES tenant,
    number TEXT NOT NULL,
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;

-- Whether the contact is final only because all its numbers are on the do-not-call list.
ALTER TABLE contact ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
