-- compat: 5
-- What a practice has is found in its set, in the order of its log; an index by owner was a page more to write for each
-- item that comes.
DROP INDEX item_owner;
