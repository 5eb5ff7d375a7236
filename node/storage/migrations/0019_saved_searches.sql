-- compat: 8
-- Searches that members keep. query: as in the catalog's address. secret: the last part of its feed's address.
CREATE TABLE saved_search(
  id TEXT NOT NULL PRIMARY KEY,
  member TEXT NOT NULL,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  secret TEXT NOT NULL UNIQUE,
  made INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX saved_search_member ON saved_search(member, name, id);
