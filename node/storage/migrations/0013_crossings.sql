-- compat: 8
-- That an item was brought in from an organisation, or applied at one, by a member who was there on that day
-- (YYYY-MM-DD). kind: brought, applied. It is the practice's own knowledge: its members alone read it, and nothing of
-- it is on the wire.
CREATE TABLE crossing(
  id TEXT NOT NULL PRIMARY KEY,
  item TEXT NOT NULL,
  practice TEXT NOT NULL,
  kind TEXT NOT NULL,
  member TEXT NOT NULL,
  organisation TEXT NOT NULL,
  day TEXT NOT NULL,
  note TEXT NOT NULL,
  made INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX crossing_item ON crossing(item);
CREATE INDEX crossing_practice ON crossing(practice, day);
CREATE INDEX crossing_member ON crossing(member);
CREATE INDEX crossing_organisation ON crossing(organisation);
