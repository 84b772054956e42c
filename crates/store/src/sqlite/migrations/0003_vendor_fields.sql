-- What vendors' APIs store with a campaign and show again: JSON, one object for each API.
ALTER TABLE campaign ADD COLUMN extras TEXT NOT NULL DEFAULT '{}';
-- A removed campaign is found by no query; its attempts stay.
ALTER TABLE campaign ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
