-- compat: 8
-- What was noted of a member who is 'invited' and has not come: what they come as, and where they are from. practice:
-- an actor of ours, or ''. since: YYYY-MM-DD, or ''.
CREATE TABLE awaited(
  member TEXT NOT NULL PRIMARY KEY,
  practice TEXT NOT NULL,
  role TEXT NOT NULL,
  organisation TEXT NOT NULL,
  title TEXT NOT NULL,
  since TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_member ON invitation(member) WHERE member <> '';

-- A table that somebody brought. kind: what its rows are to be. state: draft, running, done, undoing, undone. headings
-- and columns (field → column) are JSON; said: what was guessed of it, as JSON. scopes: of the token that brought it,
-- NULL where none did. held_until: the lease of whoever carries it out.
CREATE TABLE import_table(
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  made_by TEXT NOT NULL,
  via TEXT NOT NULL,
  scopes TEXT,
  made INTEGER NOT NULL,
  ended INTEGER,
  headings TEXT NOT NULL,
  columns TEXT NOT NULL,
  said TEXT NOT NULL,
  undone_by TEXT NOT NULL DEFAULT '',
  held_until INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX import_table_state ON import_table(state, held_until);
CREATE INDEX import_table_made ON import_table(made);

-- Its rows, numbered as a spreadsheet does. cells: JSON, '' once something was made of them. state: waiting, made, same
-- (it was here), bad, taken (back), kept (it could not be taken back). reason: JSON. was: what was made, to be compared.
CREATE TABLE import_row(
  import TEXT NOT NULL,
  number INTEGER NOT NULL,
  cells TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  subject TEXT NOT NULL DEFAULT '',
  was TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(import, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_row_state ON import_row(import, state, number);
