-- compat: 8
-- What an item owes to others, as its owner signed it. how: adapted (it is an adaptation of it), translated, credited
-- (whatever else it owes something to, further hops above all). digest: the state of the original that is named.
CREATE TABLE lineage(
  item TEXT NOT NULL,
  original TEXT NOT NULL,
  how TEXT NOT NULL,
  digest BLOB,
  PRIMARY KEY(item, original, how)
) STRICT, WITHOUT ROWID;
CREATE INDEX lineage_original ON lineage(original, item);

INSERT INTO lineage(item, original, how, digest) SELECT item, original, 'adapted', digest FROM adaptation;
INSERT INTO lineage(item, original, how, digest) SELECT item, other, 'translated', digest FROM translation
  WHERE id = item AND other <> item;

-- The word of a coach that they coach an adaptation, as they signed it; and that they were asked to, by a practice that
-- makes it. state: asked, accepted, declined.
CREATE TABLE coaching(
  id TEXT NOT NULL PRIMARY KEY,
  coach TEXT NOT NULL,
  adaptation TEXT NOT NULL,
  digest BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX coaching_adaptation ON coaching(adaptation);

CREATE TABLE coaching_request(
  id TEXT NOT NULL PRIMARY KEY,
  practice TEXT NOT NULL,
  coach TEXT NOT NULL,
  adaptation TEXT NOT NULL,
  words TEXT NOT NULL,
  state TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX coaching_request_coach ON coaching_request(coach, at);
CREATE INDEX coaching_request_adaptation ON coaching_request(adaptation);
