-- compat: 8
-- Whom we trust. trust: statements and concerns as they stand, of our own and of others; issuer: an actor, or
-- 'member:' and the id of a member who says it at home. home: kept at home, never signed. fault: why its form cannot
-- count. gone: taken back; what it said is erased. passed: when our coalition passed it on last. changed: its place in
-- the order of changes, which the graph in memory follows; of actors likewise.

CREATE TABLE trust(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  subject_key BLOB,
  domain TEXT NOT NULL,
  level TEXT NOT NULL,
  since TEXT NOT NULL,
  grounds TEXT NOT NULL,
  links TEXT NOT NULL,
  starts INTEGER NOT NULL,
  ends INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  digest BLOB NOT NULL,
  home INTEGER NOT NULL,
  fault TEXT NOT NULL,
  gone INTEGER NOT NULL,
  passed INTEGER NOT NULL,
  said INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  UNIQUE(id, issuer)
) STRICT;
CREATE INDEX trust_pair ON trust(issuer, subject);
CREATE INDEX trust_subject ON trust(subject, said);
CREATE INDEX trust_changed ON trust(changed);
CREATE INDEX trust_said ON trust(said, key) WHERE gone = 0;

ALTER TABLE actor ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX actor_changed ON actor(changed);
