-- compat: 8
-- The change sequence that the search index follows (node/repertoire/changes.py).
ALTER TABLE item ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX item_changed ON item(changed, key);
-- Items that are in the catalog no more, by the key they had.
CREATE TABLE item_gone(
  key INTEGER NOT NULL PRIMARY KEY,
  changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX item_gone_changed ON item_gone(changed, key);
