-- compat: 1
-- Times are milliseconds since 1970 UTC. A digest is the SHA-256 of the JCS without proof.

-- What was said: exact bytes as signed. An id binds its first bytes (protocol section 5), so a row outlives its
-- bytes: raw is NULL once superseded or deleted. carrier: who brought it here. proof 0: origin authentication only.
CREATE TABLE activity(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  digest BLOB NOT NULL,
  actor TEXT NOT NULL,
  type TEXT NOT NULL,
  object TEXT,
  proof INTEGER NOT NULL,
  carrier TEXT NOT NULL,
  at INTEGER NOT NULL,
  raw BLOB
) STRICT;

-- The present state of every object, of every noun. deleted: a tombstone, also one that came before its Create.
CREATE TABLE object(
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  type TEXT NOT NULL,
  audience TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  digest BLOB NOT NULL,
  activity TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(id, owner)
) STRICT, WITHOUT ROWID;

-- A set: what an owner published to an audience, ours or held for another (protocol section 8).
-- folded: the tree holds entries up to this seq. theirs_*: the cursor in the owner's own log; pull_at: when to ask
-- the owner next (at once after a gap, hourly when level), NULL for our own sets and those no longer followed.
-- pulled: when we last knew to be level.
CREATE TABLE held_set(
  key INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  audience TEXT NOT NULL,
  local INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  folded INTEGER NOT NULL DEFAULT 0,
  updated INTEGER NOT NULL,
  theirs_epoch INTEGER NOT NULL DEFAULT 0,
  theirs_seq INTEGER NOT NULL DEFAULT 0,
  pull_at INTEGER,
  pulled INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT
) STRICT;
CREATE INDEX held_set_pull ON held_set(pull_at) WHERE pull_at IS NOT NULL;
CREATE INDEX held_set_owner ON held_set(owner);

CREATE TABLE entry(
  set_key INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  activity TEXT NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY(set_key, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX entry_digest ON entry(set_key, digest);

-- Digests that left a set and are still in its tree.
CREATE TABLE tree_left(
  set_key INTEGER NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY(set_key, digest)
) STRICT, WITHOUT ROWID;

-- Inner nodes of the hash tree: 16 child hashes of 32 bytes and 16 counts of 8 bytes, big endian.
CREATE TABLE tree_node(
  set_key INTEGER NOT NULL,
  prefix TEXT NOT NULL,
  hashes BLOB NOT NULL,
  counts BLOB NOT NULL,
  PRIMARY KEY(set_key, prefix)
) STRICT, WITHOUT ROWID;

-- Actors, ours (local) and others', with their signed documents. state: ok, pending (a change that waits for
-- root_wait or a steward; `pending` holds it), key-changed, gone.
CREATE TABLE actor(
  id TEXT NOT NULL PRIMARY KEY,
  host TEXT NOT NULL,
  local INTEGER NOT NULL,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  handle TEXT NOT NULL,
  inbox TEXT NOT NULL,
  shared_inbox TEXT,
  outbox TEXT,
  sequence INTEGER NOT NULL,
  proof INTEGER NOT NULL,
  native INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'ok',
  fetched INTEGER NOT NULL,
  pending BLOB,
  pending_since INTEGER,
  raw BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX actor_host ON actor(host);

CREATE TABLE actor_key(
  id TEXT NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  public BLOB NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_until INTEGER,
  compromised_since INTEGER,
  PRIMARY KEY(actor, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX actor_key_id ON actor_key(id);

-- Keys that were asked for and not had: remembered across restarts (protocol section 2).
CREATE TABLE key_miss(
  id TEXT NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a peer origin. root: its pinned did:key. form: native, legacy, or
-- NULL if not known yet. due: when it may be spoken to next, NULL if nothing is owed; schedule and lease at once.
CREATE TABLE peer(
  host TEXT NOT NULL PRIMARY KEY,
  root TEXT,
  form TEXT,
  due INTEGER,
  lease TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  failing_since INTEGER,
  paused TEXT,
  last_error TEXT,
  last_ok INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX peer_due ON peer(due) WHERE due IS NOT NULL;

-- A cursor for each (peer inbox, set); wants: the lowest entry still owed, NULL: none (engine room).
-- A direct queue to one inbox is a set too, named queue:<inbox url>, that nobody can read.
CREATE TABLE inbox(
  key INTEGER PRIMARY KEY,
  url TEXT NOT NULL,
  set_key INTEGER NOT NULL,
  host TEXT NOT NULL,
  acked INTEGER NOT NULL,
  wants INTEGER,
  ended INTEGER NOT NULL DEFAULT 0,
  UNIQUE(set_key, url)
) STRICT;
CREATE INDEX inbox_wanting ON inbox(host) WHERE wants IS NOT NULL;
CREATE INDEX inbox_host ON inbox(host) WHERE ended = 0;
CREATE INDEX inbox_wants ON inbox(set_key, wants);

-- An entry that a peer refused for good: recorded with its reason, and passed over.
CREATE TABLE refusal(
  key INTEGER PRIMARY KEY,
  inbox_key INTEGER NOT NULL,
  activity TEXT NOT NULL,
  status INTEGER NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

-- Who follows us. target: a local actor; the node's own stands for all its practices.
CREATE TABLE follower(
  actor TEXT NOT NULL,
  target TEXT NOT NULL,
  follow TEXT NOT NULL,
  inbox TEXT NOT NULL,
  host TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY(target, actor)
) STRICT, WITHOUT ROWID;
CREATE INDEX follower_actor ON follower(actor);

-- Whom we follow. address: what was typed. state: asked, waiting, accepted, refused, ended.
CREATE TABLE following(
  target TEXT NOT NULL PRIMARY KEY,
  address TEXT NOT NULL,
  host TEXT NOT NULL,
  whole_node INTEGER NOT NULL DEFAULT 0,
  follow TEXT,
  state TEXT NOT NULL,
  asked INTEGER NOT NULL,
  answered INTEGER,
  repeat_at INTEGER,
  last_error TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX following_repeat ON following(repeat_at) WHERE repeat_at IS NOT NULL;
CREATE INDEX following_host ON following(host);
CREATE INDEX following_follow ON following(follow) WHERE follow IS NOT NULL;

-- What only the network knows: rows that a worker reads (kind: object, actor).
CREATE TABLE need(
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  because TEXT NOT NULL,
  due INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(kind, url)
) STRICT, WITHOUT ROWID;
CREATE INDEX need_due ON need(due);

-- Rooms: coalition
CREATE TABLE coalition(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  actor TEXT NOT NULL,
  name TEXT NOT NULL,
  place TEXT NOT NULL,
  language TEXT NOT NULL,
  created INTEGER NOT NULL
) STRICT;

CREATE TABLE practice(
  actor TEXT NOT NULL PRIMARY KEY,
  local INTEGER NOT NULL,
  host TEXT NOT NULL,
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  summary TEXT NOT NULL,
  domain TEXT NOT NULL,
  level TEXT NOT NULL,
  place TEXT NOT NULL,
  coalition TEXT NOT NULL,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX practice_local ON practice(local, name);

-- Rooms: repertoire. The catalog's cards; the item itself is the activity's bytes.
CREATE TABLE item(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
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
CREATE INDEX item_listed ON item(updated) WHERE withdrawn IS NULL;
CREATE INDEX item_owner ON item(owner, updated);
CREATE INDEX item_domain ON item(domain, updated);
CREATE INDEX item_kind ON item(kind, updated);

CREATE TABLE adaptation(
  original TEXT NOT NULL,
  item TEXT NOT NULL,
  digest BLOB,
  PRIMARY KEY(original, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX adaptation_item ON adaptation(item);

-- Announced by whom: a broker's or a practice's recommendation of an object.
CREATE TABLE recommendation(
  object TEXT NOT NULL,
  actor TEXT NOT NULL,
  activity TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY(object, actor)
) STRICT, WITHOUT ROWID;

-- Web
CREATE TABLE session(
  id BLOB NOT NULL PRIMARY KEY,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_expires ON session(expires);
