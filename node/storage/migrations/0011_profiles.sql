-- compat: 8
-- Of a member who published a profile: which actor it is, and what of them it shows (JSON, names of fields).
CREATE TABLE profile(
  member TEXT NOT NULL PRIMARY KEY,
  actor TEXT NOT NULL UNIQUE,
  handle TEXT NOT NULL,
  shows TEXT NOT NULL,
  published INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
