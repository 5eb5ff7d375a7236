-- compat: 8
-- Who gets a digest by mail, and when the next one is due (ms). every: day or week. secret: names this wish in the link
-- by which it is ended without signing in. told: up to when its last one told (ms).

CREATE TABLE digest(
  member TEXT NOT NULL PRIMARY KEY,
  every TEXT NOT NULL,
  due INTEGER NOT NULL,
  told INTEGER NOT NULL,
  secret TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
CREATE INDEX digest_due ON digest(due);

-- Why a member cares about a practice, in one line; shown: to its members, else to nobody.
CREATE TABLE care(
  member TEXT NOT NULL,
  practice TEXT NOT NULL,
  words TEXT NOT NULL,
  shown INTEGER NOT NULL,
  PRIMARY KEY(member, practice)
) STRICT, WITHOUT ROWID;
CREATE INDEX care_practice ON care(practice) WHERE shown = 1;
