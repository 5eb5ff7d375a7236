-- compat: 8
-- Who should be in a practice of ours, as its keepers declared it. kind: organisation, discipline, sector; folded: the
-- name as it is compared.
CREATE TABLE practice_seat(
  id TEXT NOT NULL PRIMARY KEY,
  practice TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  folded TEXT NOT NULL,
  made INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX practice_seat_of ON practice_seat(practice, made);
