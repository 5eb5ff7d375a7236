-- compat: 8
-- sign_in: the name a member signs in with, '' for who cannot (yet). invited: until the member comes by their own act.
ALTER TABLE member ADD COLUMN sign_in TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX member_sign_in ON member(sign_in) WHERE sign_in <> '';

-- A link that lets somebody in. seal: of the secret in it, which is kept nowhere. practice '': in the coalition as a
-- whole. member: whom a recovery is for, '' for an invitation. left_uses: how many may still come by it.
CREATE TABLE invitation(
  id TEXT NOT NULL PRIMARY KEY,
  seal BLOB NOT NULL UNIQUE,
  practice TEXT NOT NULL,
  role TEXT NOT NULL,
  member TEXT NOT NULL,
  note TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  left_uses INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_expires ON invitation(expires);

-- Failed attempts to sign in, by account and by where they came from.
CREATE TABLE sign_in_failure(
  key INTEGER PRIMARY KEY,
  what TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_failure_what ON sign_in_failure(what, at);
CREATE INDEX sign_in_failure_at ON sign_in_failure(at);

-- A member's tokens for programs. seal: of the token, which is kept nowhere. scopes: as the table of who may do what
-- has them, with spaces between. used: the day it was last used (ms), kept no finer.
CREATE TABLE access_token(
  id TEXT NOT NULL PRIMARY KEY,
  seal BLOB NOT NULL UNIQUE,
  member TEXT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  made INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  used INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX access_token_member ON access_token(member);

-- Formal organisations, beside the practices and never above them; and who is or was at one, dated (YYYY-MM-DD).
CREATE TABLE organisation(
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  folded TEXT NOT NULL UNIQUE,
  sector TEXT NOT NULL,
  place TEXT NOT NULL,
  made INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX organisation_name ON organisation(name);
CREATE TABLE affiliation(
  key INTEGER PRIMARY KEY,
  member TEXT NOT NULL,
  organisation TEXT NOT NULL,
  title TEXT NOT NULL,
  since TEXT NOT NULL,
  until TEXT
) STRICT;
CREATE INDEX affiliation_member ON affiliation(member);
CREATE INDEX affiliation_organisation ON affiliation(organisation);
