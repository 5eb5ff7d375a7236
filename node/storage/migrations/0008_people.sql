-- compat: 8
-- Who is at home here. A member's id is this node's own and never on the wire; nothing in these tables is public.
-- state: active, suspended, left (their name is then gone too, and the row stands for what they did).
CREATE TABLE member(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  email TEXT,
  password TEXT,
  language TEXT NOT NULL DEFAULT '',
  time_zone TEXT NOT NULL DEFAULT '',
  sector TEXT NOT NULL DEFAULT '',
  discipline TEXT NOT NULL DEFAULT '',
  help TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,
  joined INTEGER NOT NULL,
  ended INTEGER
) STRICT;
CREATE UNIQUE INDEX member_email ON member(email) WHERE email IS NOT NULL;
CREATE INDEX member_name ON member(state, name, key);

-- What a member is, where, since when and until when. practice: an actor of ours, '' for the coalition as a whole.
CREATE TABLE role(
  key INTEGER PRIMARY KEY,
  member TEXT NOT NULL,
  practice TEXT NOT NULL,
  role TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER
) STRICT;
CREATE UNIQUE INDEX role_open ON role(member, practice, role) WHERE until IS NULL;
CREATE INDEX role_practice ON role(practice, role) WHERE until IS NULL;
CREATE INDEX role_member ON role(member);

-- A session is a member's, or the operator's where it names none. agent: the browser, as it calls itself.
DROP TABLE session;
CREATE TABLE session(
  id BLOB NOT NULL PRIMARY KEY,
  member TEXT NOT NULL,
  agent TEXT NOT NULL,
  created INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_expires ON session(expires);
CREATE INDEX session_member ON session(member);

-- Wishes that were carried out: a form that comes twice is done once.
CREATE TABLE wish(
  once TEXT NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX wish_until ON wish(until);

-- What was done, by whom. member: their id, 'operator' for whoever holds the machine's token. act: as in the table of
-- who may do what. It is never changed.
CREATE TABLE audit(
  key INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  member TEXT NOT NULL,
  via TEXT NOT NULL,
  act TEXT NOT NULL,
  practice TEXT NOT NULL,
  subject TEXT NOT NULL
) STRICT;
CREATE INDEX audit_member ON audit(member);
CREATE INDEX audit_practice ON audit(practice);

-- What the coalition settled for its node in the browser, by name; the value is JSON.
CREATE TABLE setting(
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
