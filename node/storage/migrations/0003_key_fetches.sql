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

-- What is over is taken away at every miss, of which a flood brings many.
CREATE INDEX key_miss_until ON key_miss(until);

-- Our own actors among all that are known here: strangers ask for them by name (WebFinger) and by list.
CREATE INDEX actor_ours ON actor(id) WHERE local = 1;
CREATE INDEX actor_handle ON actor(handle) WHERE local = 1;
CREATE INDEX actor_pending ON actor(pending_since) WHERE pending IS NOT NULL;
-- Whether an inbox still has a follower, asked whenever one leaves.
CREATE INDEX follower_inbox ON follower(inbox, target);
