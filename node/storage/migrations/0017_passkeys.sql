-- compat: 8
-- What signs a member in beside their password: id, the credential's; key, its public key (COSE); count, how often it
-- has signed, by its own account.
CREATE TABLE passkey(
  id TEXT NOT NULL PRIMARY KEY,
  member TEXT NOT NULL,
  name TEXT NOT NULL,
  key BLOB NOT NULL,
  count INTEGER NOT NULL,
  made INTEGER NOT NULL,
  used INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkey_member ON passkey(member, made);
