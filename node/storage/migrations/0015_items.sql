-- compat: 8
-- What translates what: each link under both its ends (id, other), and which of the two says so (item), naming a state
-- of the other by its digest.
CREATE TABLE translation(
  id TEXT NOT NULL,
  other TEXT NOT NULL,
  item TEXT NOT NULL,
  digest BLOB,
  PRIMARY KEY(id, other)
) STRICT, WITHOUT ROWID;

-- The states of an item: of ours what each said, as JSON; of others' only when, and the digest.
CREATE TABLE item_version(
  item TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  version TEXT NOT NULL,
  digest BLOB NOT NULL,
  said TEXT NOT NULL,
  PRIMARY KEY(item, sequence)
) STRICT, WITHOUT ROWID;

-- Items that are not public, and are never signed: of their author alone (draft), of a practice's members, or of this
-- node's members. said: as JSON. adapts: the item that it will be an adaptation of, '' for none.
CREATE TABLE kept_item(
  id TEXT NOT NULL PRIMARY KEY,
  author TEXT NOT NULL,
  practice TEXT NOT NULL,
  audience TEXT NOT NULL,
  title TEXT NOT NULL,
  said TEXT NOT NULL,
  made INTEGER NOT NULL,
  changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_item_author ON kept_item(author, changed) WHERE audience = 'draft';
CREATE INDEX kept_item_practice ON kept_item(practice, changed) WHERE audience <> 'draft';
CREATE INDEX kept_item_node ON kept_item(changed) WHERE audience = 'node';
