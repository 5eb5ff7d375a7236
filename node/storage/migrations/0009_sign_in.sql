-- compat: 8
CREATE TABLE nothing_yet(one INTEGER PRIMARY KEY) STRICT;
DROP TABLE nothing_yet;
