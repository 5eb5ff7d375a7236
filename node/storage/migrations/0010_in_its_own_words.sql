-- compat: 8
-- What the coalition is about, in its own words; and its place as the wire has it, as JSON.
ALTER TABLE coalition ADD COLUMN about TEXT NOT NULL DEFAULT '';
ALTER TABLE coalition ADD COLUMN located TEXT NOT NULL DEFAULT '{}';
