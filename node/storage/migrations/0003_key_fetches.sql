-- compat: 2
-- Fetches of keys, booked before they are made: at most five a host in ten seconds, whichever process of the node makes
-- them (protocol section 2). A row is of no use after ten seconds, and goes when another comes.
CREATE TABLE key_fetch(
  key INTEGER PRIMARY KEY,
  host TEXT NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX key_fetch_host ON key_fetch(host, at);
CREATE INDEX key_fetch_at ON key_fetch(at);
