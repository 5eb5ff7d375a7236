-- compat: 2
-- What one activity costs is mostly how many places of how many trees it is written to. So:

-- The hash tree keeps its ids itself, in their order, and gets them in batches as it is folded; until then an entry is
-- found among the last ones of its set. seq: the entry's place, which is empty once it has left (tree_left).
CREATE TABLE tree_id(
  set_key INTEGER NOT NULL,
  digest BLOB NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY(set_key, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO tree_id(set_key, digest, seq)
SELECT e.set_key, e.digest, e.seq FROM entry e JOIN held_set s ON s.key = e.set_key WHERE e.seq <= s.folded
UNION ALL SELECT set_key, digest, 0 FROM tree_left;
DROP INDEX entry_digest;

-- The present state of every object, of every noun. deleted: a tombstone, also one that came before its Create.
CREATE TABLE object_state(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  type TEXT NOT NULL,
  audience TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  digest BLOB NOT NULL,
  activity TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0,
  UNIQUE(id, owner)
) STRICT;
INSERT INTO object_state(id, owner, type, audience, sequence, digest, activity, deleted)
SELECT id, owner, type, audience, sequence, digest, activity, deleted FROM object ORDER BY sequence;
DROP TABLE object;
ALTER TABLE object_state RENAME TO object;

-- The catalog's cards, each under its object's key: found by id through the object. Of what was withdrawn not even the
-- title is kept.
CREATE TABLE card(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  host TEXT NOT NULL,
  local INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  domain TEXT NOT NULL,
  language TEXT NOT NULL,
  place TEXT NOT NULL,
  summary TEXT NOT NULL,
  review_by TEXT,
  published INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  withdrawn INTEGER,
  search TEXT NOT NULL
) STRICT;
INSERT INTO card(key, id, owner, host, local, name, kind, domain, language, place, summary, review_by, published,
  updated, withdrawn, search)
SELECT o.key, i.id, i.owner, i.host, i.local, CASE WHEN i.withdrawn IS NULL THEN i.name ELSE '' END, i.kind, i.domain,
  i.language, CASE WHEN i.withdrawn IS NULL THEN i.place ELSE '' END, i.summary,
  CASE WHEN i.withdrawn IS NULL THEN i.review_by END, i.published, i.updated, i.withdrawn, i.search
FROM item i JOIN object o ON o.id = i.id AND o.owner = i.owner;
DROP TABLE item;
ALTER TABLE card RENAME TO item;
-- One index has all that a catalog page narrows, orders and counts by: it is written at its end, in the order of time,
-- and read without the cards themselves.
CREATE INDEX item_listed ON item(updated, key, domain, kind, language, owner, withdrawn) WHERE withdrawn IS NULL;
CREATE INDEX item_owner ON item(owner, updated);
-- How many are our own is asked by strangers (NodeInfo).
CREATE INDEX item_ours ON item(local, withdrawn) WHERE local = 1 AND withdrawn IS NULL;
