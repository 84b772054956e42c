-- Edits: what each revision changed, edits that wait for their time, versions of lists.

-- JSON list of the changed fields, with what they held before and after.
ALTER TABLE revision ADD COLUMN changes TEXT NOT NULL DEFAULT '[]';
-- The revision whose settings it brought back.
ALTER TABLE revision ADD COLUMN restores INTEGER;

CREATE TABLE pending_edit (
    -- AUTOINCREMENT: a cancelled edit's number is never another one's.
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant   INTEGER NOT NULL,
    campaign INTEGER NOT NULL REFERENCES campaign,
    apply_at INTEGER NOT NULL,
    author   TEXT NOT NULL,
    origin   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    changes  TEXT NOT NULL,
    -- Why it could not be made at its time; NULL = it waits.
    failed   TEXT
) STRICT;
CREATE INDEX pending_edit_by_campaign ON pending_edit (campaign);
CREATE INDEX pending_edit_due ON pending_edit (apply_at) WHERE failed IS NULL;

-- Resting contacts by attempts used: the second byte of a history is that number (see
-- contact_row.rs; a campaign allows at most 100).
CREATE INDEX contact_tried ON contact (campaign, substr(history, 2, 1))
    WHERE state = 1 AND history IS NOT NULL;

-- Contacts at places from `list_first` on, and below `staged_from` where that is set, are the
-- campaign's list. Those below belong to earlier versions, those above to one on its way in.
ALTER TABLE campaign ADD COLUMN list_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE campaign ADD COLUMN list_first INTEGER NOT NULL DEFAULT 1;
ALTER TABLE campaign ADD COLUMN staged_from INTEGER;
-- Contacts below this place are out of the window's index (state 4, set aside).
ALTER TABLE campaign ADD COLUMN aside_below INTEGER NOT NULL DEFAULT 1;

-- Lists that took the place of an earlier one.
CREATE TABLE list_version (
    campaign INTEGER NOT NULL REFERENCES campaign,
    version  INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    author   TEXT NOT NULL,
    origin   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    contacts INTEGER NOT NULL,
    added    INTEGER NOT NULL,
    removed  INTEGER NOT NULL,
    kept     INTEGER NOT NULL,
    PRIMARY KEY (campaign, version)
) STRICT, WITHOUT ROWID;
