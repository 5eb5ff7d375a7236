"""What is found by place and by domain: one line for each practice, ours and followed, and each group that was noted.

The lines are made of those things' own rows whenever these change, so that finding reads one table. A town means its
whole metropolitan region (features.md, H2), so what lies near counts as being there.
"""

import math

import msgspec

from node.storage.contract import Reads, Row, Tx
from protocol.vocabulary.place import Place

PAGE = 20
NEAR = 6_000  # ten-thousandths of a degree of latitude: some 67 km, as far as people come to an evening's meeting
_TENTH = 10_000


class Where(msgspec.Struct, frozen=True):
    """A place as it is looked for. code: of its state, else its country, '' where it has none; ends: south, north,
    west, east of what is near, in ten-thousandths of a degree."""

    geonames: str = ""
    codes: tuple[str, ...] = ()
    ends: tuple[int, int, int, int] | None = None

    @property
    def country(self) -> str:
        return next((code for code in self.codes if "-" not in code), "")

    @property
    def state(self) -> str:
        return next((code for code in self.codes if "-" in code), "")


def where(place: Place) -> Where:
    """What is at this place, near it, and around it."""
    point = _point(place)
    if point is None:
        return Where(place.geonames, place.within)
    latitude, longitude = point
    # A degree of longitude is shorter away from the equator; near the poles nobody is far away.
    wide = int(NEAR / max(math.cos(math.radians(latitude / _TENTH)), 0.05))
    ends = (latitude - NEAR, latitude + NEAR, longitude - wide, longitude + wide)
    return Where(place.geonames, place.within, ends)


def _point(place: Place) -> tuple[int, int] | None:
    if not place.coordinates:
        return None
    latitude, _, longitude = place.coordinates.partition(",")
    return round(float(latitude) * _TENTH), round(float(longitude) * _TENTH)


def put(tx: Tx, id: str, kind: str, name: str, domain: str, level: str, place: Place) -> None:
    """It is found by these from now on. kind: ours, held, group."""
    latitude, longitude = _point(place) or (None, None)
    tx.run(
        "INSERT INTO findable(id, kind, name, domain, level, place, geonames, latitude, longitude)"
        " VALUES(:id, :kind, :name, :domain, :level, :place, :geonames, :latitude, :longitude)"
        " ON CONFLICT(id) DO UPDATE SET kind = excluded.kind, name = excluded.name, domain = excluded.domain,"
        " level = excluded.level, place = excluded.place, geonames = excluded.geonames,"
        " latitude = excluded.latitude, longitude = excluded.longitude",
        id=id, kind=kind, name=name, domain=domain, level=level, place=place.name, geonames=place.geonames,
        latitude=latitude, longitude=longitude,
    )  # fmt: skip
    tx.run("DELETE FROM findable_within WHERE id = :id", id=id)
    for code in dict.fromkeys(place.within):
        tx.run("INSERT INTO findable_within(code, id) VALUES(:code, :id)", code=code, id=id)


def remove(tx: Tx, id: str) -> None:
    """It is not found any more."""
    tx.run("DELETE FROM findable WHERE id = :id", id=id)
    tx.run("DELETE FROM findable_within WHERE id = :id", id=id)


# How far it is: 0 in that very place, 1 near it, 2 in its state, 3 in its country, 4 of the world or a region of it.
_AROUND = """
SELECT id, MIN(far) AS far FROM (
  SELECT id, 0 AS far FROM findable WHERE geonames = :geonames AND geonames <> ''
  UNION ALL SELECT id, 1 FROM findable
    WHERE latitude BETWEEN :south AND :north AND longitude BETWEEN :west AND :east
  UNION ALL SELECT id, 2 FROM findable_within WHERE code = :state
  UNION ALL SELECT id, 3 FROM findable_within WHERE code = :country
  UNION ALL SELECT id, 4 FROM findable WHERE level IN ('region', 'world')
) around GROUP BY id
"""
_LINE = """
SELECT f.id, f.kind, f.name, f.domain, f.level, f.place, p.slug, p.host, p.summary, g.url, g.note, g.kind AS sort,
  c.name AS home"""
_JOINED = """
LEFT JOIN practice p ON p.actor = f.id LEFT JOIN noted_group g ON g.id = f.id LEFT JOIN actor c ON c.id = p.coalition
"""
_DOMAIN = "(f.domain = :domain OR (f.domain >= :below AND f.domain < :beyond))"


def found(reads: Reads, place: Where | None, domain: str, page: int) -> tuple[list[Row], int]:
    """A page of what is found, the nearest first, and how many there are. far: as above, None without a place."""
    asked: dict[str, object] = {}
    if domain:
        asked |= {"domain": domain, "below": f"{domain}/", "beyond": f"{domain}0"}  # 0 follows / in ASCII
    narrowed = f" WHERE {_DOMAIN}" if domain else ""
    if place is None:
        source, far, order = f"FROM findable f{{joined}}{narrowed}", "NULL AS far", "f.name, f.id"
    else:
        south, north, west, east = place.ends or (0, -1, 0, -1)
        asked |= {
            "geonames": place.geonames, "south": south, "north": north, "west": west, "east": east,
            "state": place.state, "country": place.country,
        }  # fmt: skip
        source = f"FROM ({_AROUND}) a JOIN findable f ON f.id = a.id{{joined}}{narrowed}"
        # Within a distance, what is for the whole of it stands first: a state's practice before its towns'.
        order = (
            "a.far, CASE WHEN (a.far = 2 AND f.level = 'state') OR (a.far = 3 AND f.level = 'nation') THEN 0 ELSE 1"
            " END, f.name, f.id"
        )
        far = "a.far"
    rows = reads.all(
        f"{_LINE}, {far} {source.format(joined=_JOINED)} ORDER BY {order} LIMIT :limit OFFSET :offset",
        **asked, limit=PAGE, offset=(page - 1) * PAGE,
    )  # fmt: skip
    total = reads.the(f"SELECT COUNT(*) AS n {source.format(joined='')}", **asked)["n"]
    return rows, total


def domains(reads: Reads) -> list[tuple[str, int]]:
    """Every domain that something here has, and how much has it."""
    rows = reads.all("SELECT domain, COUNT(*) AS n FROM findable GROUP BY domain ORDER BY domain")
    return [(row["domain"], row["n"]) for row in rows]
