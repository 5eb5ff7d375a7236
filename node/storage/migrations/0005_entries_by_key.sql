-- compat: 5
-- An entry names its activity by key, and has no digest of its own but where it names none: held by its id alone.
CREATE TABLE entry_by_key(
  set_key INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  activity INTEGER,
  digest BLOB,
  PRIMARY KEY(set_key, seq),
  CHECK((activity IS NULL) <> (digest IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO entry_by_key(set_key, seq, activity, digest)
SELECT e.set_key, e.seq, a.key, CASE WHEN a.key IS NULL THEN e.digest END
FROM entry e LEFT JOIN activity a ON a.id = e.activity AND a.digest = e.digest;
DROP TABLE entry;
ALTER TABLE entry_by_key RENAME TO entry;

-- An entry with what it names.
CREATE VIEW logged AS
SELECT e.set_key, e.seq, a.id AS activity, COALESCE(e.digest, a.digest) AS digest, a.raw
FROM entry e LEFT JOIN activity a ON a.key = e.activity;
