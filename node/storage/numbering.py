"""Change numbers: rows of some tables in an order of their changes in which a follower misses nothing.

Every statement that changes what is followed gives its row a new number, in the same transaction. Where one writes at a
time, that is the next one. Where several do, it is the transaction's own, and a follower goes no further than the
oldest that still runs: what is numbered below it is all there.
"""


def next_number(*tables: str) -> str:
    """SQL: the number of a row that changes now, in one of these tables that are numbered together."""
    numbers = " UNION ALL ".join(f"SELECT MAX(changed) AS n FROM {table}" for table in tables)  # noqa: S608
    following = f"(SELECT MAX(n) + 1 FROM ({numbers}) AS numbered)"  # noqa: S608
    return f"COALESCE(/*+ pg_current_xact_id()::text::bigint, */ {following}, 1)"


def settled(column: str) -> str:
    """SQL to follow a condition: no row of a work that others may still overtake."""
    return f"/*+ AND {column} < pg_snapshot_xmin(pg_current_snapshot())::text::bigint */"


def ahead(column: str) -> str:
    """SQL condition: numbers that this database has not given out yet, as after a restore; none where one writes."""
    return f"(1 = 0 /*+ OR {column} >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint */)"
