-- compat: 8
-- What belongs to what a practice is about, and what does not; the practice of which it says it is a part, '' for none;
-- its place as the wire has it, as JSON.
ALTER TABLE practice ADD COLUMN scope_in TEXT NOT NULL DEFAULT '';
ALTER TABLE practice ADD COLUMN scope_out TEXT NOT NULL DEFAULT '';
ALTER TABLE practice ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE practice ADD COLUMN located TEXT NOT NULL DEFAULT '{}';
CREATE INDEX practice_parent ON practice(parent, name);

-- What a practice of ours said of itself, whenever it was changed: by whom (a member's id, or 'operator'), why, and
-- as JSON what it said from then on.
CREATE TABLE practice_version(
  key INTEGER PRIMARY KEY,
  practice TEXT NOT NULL,
  at INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  said TEXT NOT NULL
) STRICT;
CREATE INDEX practice_version_of ON practice_version(practice, key);

-- What a practice, of ours or followed, said is a part of it. state: known, asked (whether this node follows it),
-- declined.
CREATE TABLE part(
  parent TEXT NOT NULL,
  child TEXT NOT NULL,
  state TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY(parent, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX part_asked ON part(at) WHERE state = 'asked';
CREATE INDEX part_child ON part(child);

-- A part that was split off: who belonged to its parent then is asked, each for themselves. And what they answered.
CREATE TABLE split(
  child TEXT NOT NULL PRIMARY KEY,
  parent TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX split_parent ON split(parent);
CREATE TABLE split_answer(
  member TEXT NOT NULL,
  child TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY(member, child)
) STRICT, WITHOUT ROWID;

-- Groups that are not on the network, as members of ours noted them. located: as in practice. claimed: the actor that
-- it turned out to be, '' until then.
CREATE TABLE noted_group(
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  domain TEXT NOT NULL,
  level TEXT NOT NULL,
  located TEXT NOT NULL,
  url TEXT NOT NULL,
  note TEXT NOT NULL,
  noted_by TEXT NOT NULL,
  at INTEGER NOT NULL,
  claimed TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX noted_group_name ON noted_group(name, id);

-- What is found by place and by domain: practices, ours and followed, and noted groups that nobody claimed. kind: ours,
-- held, group. latitude, longitude: ten-thousandths of a degree. Made of the rows above, and of nothing else.
CREATE TABLE findable(
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  domain TEXT NOT NULL,
  level TEXT NOT NULL,
  place TEXT NOT NULL,
  geonames TEXT NOT NULL,
  latitude INTEGER,
  longitude INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX findable_name ON findable(name, id);
CREATE INDEX findable_domain ON findable(domain, name, id);
CREATE INDEX findable_geonames ON findable(geonames) WHERE geonames <> '';
CREATE INDEX findable_latitude ON findable(latitude) WHERE latitude IS NOT NULL;
CREATE INDEX findable_level ON findable(level);
-- The ISO 3166 codes that its place lies within.
CREATE TABLE findable_within(
  code TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY(code, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX findable_within_id ON findable_within(id);
INSERT INTO findable(id, kind, name, domain, level, place, geonames)
SELECT actor, CASE local WHEN 1 THEN 'ours' ELSE 'held' END, name, domain, level, place, '' FROM practice;
