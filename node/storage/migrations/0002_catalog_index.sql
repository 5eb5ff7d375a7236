-- compat: 1
-- One index that has all a catalog page narrows, orders and counts by, in place of three: it is written at its end,
-- in the order of time, and read without the cards themselves.
DROP INDEX item_listed;
DROP INDEX item_domain;
DROP INDEX item_kind;
CREATE INDEX item_listed ON item(updated, key, domain, kind, language, owner, withdrawn) WHERE withdrawn IS NULL;
