-- compat: 8
-- Messages between people, through the node. author, recipient: an actor, or 'member:' and the id of a member at home;
-- writer: the member of ours who wrote it, '' if nobody of ours did. thread: the first message's id. help: it asks for
-- help. closed: when who asked was helped. reported: shown to coordinators by whoever got it. Nothing of it is public.

CREATE TABLE message(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  thread TEXT NOT NULL,
  author TEXT NOT NULL,
  writer TEXT NOT NULL,
  recipient TEXT NOT NULL,
  about TEXT NOT NULL,
  said TEXT NOT NULL,
  help INTEGER NOT NULL,
  at INTEGER NOT NULL,
  closed INTEGER,
  reported INTEGER
) STRICT;
CREATE INDEX message_recipient ON message(recipient, at);
CREATE INDEX message_writer ON message(writer, at) WHERE writer <> '';
CREATE INDEX message_thread ON message(thread, key);
CREATE INDEX message_author ON message(author, at);
CREATE INDEX message_reported ON message(reported) WHERE reported IS NOT NULL;

CREATE TABLE message_block(
  owner TEXT NOT NULL,
  blocked TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY(owner, blocked)
) STRICT, WITHOUT ROWID;
