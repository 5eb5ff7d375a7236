-- compat: 5
-- The last head of a followed set, as its owner's node signed it. differs: 0 what is held here is the same, 1 it was
-- not and all is pulled again, 2 it still is not. other: a head that says something else of the same place.
CREATE TABLE head(
  name TEXT NOT NULL PRIMARY KEY,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  total INTEGER NOT NULL,
  root BLOB NOT NULL,
  tag TEXT NOT NULL,
  raw BLOB NOT NULL,
  differs INTEGER NOT NULL DEFAULT 0,
  other BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX head_amiss ON head(name) WHERE differs = 2 OR other IS NOT NULL;
