-- compat: 2
-- Actor documents that the root signed and a key of the actor contradicted while they waited: void for good, by their
-- digest (protocol section 2).
CREATE TABLE actor_voided(
  actor TEXT NOT NULL,
  at INTEGER NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY(actor, at, digest)
) STRICT, WITHOUT ROWID;
