"""A large coalition, written below the gate: many practices, thousands of members, who all have roles and employers."""

from typing import Any

from node.coalition.people.passwords import Passwords

PRACTICES = 200
MEMBERS = 5_000
ORGANISATIONS = 300
COORDINATOR = "ana"
PASSWORD = "several plain words"

_NUMBERS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :count)"
_PRACTICE = "SELECT actor FROM practice WHERE local = 1 ORDER BY slug LIMIT 1"


async def populate(storage: Any, origin: str, practices: int = PRACTICES, members: int = MEMBERS) -> None:
    """The first practice is there already; the others are like it."""
    password = await Passwords().hash(PASSWORD)

    def work(tx: Any) -> None:
        first = tx.the(_PRACTICE)["actor"]
        tx.run(
            f"{_NUMBERS} INSERT INTO actor(id, host, local, type, name, handle, inbox, sequence, proof, native,"
            " fetched, raw) SELECT :origin || '/practices/p' || n, a.host, 1, 'Group', 'Practice ' || n, 'p' || n,"
            " a.inbox, a.sequence, a.proof, a.native, a.fetched, a.raw FROM c, actor a WHERE a.id = :first",
            count=practices - 1, origin=origin, first=first,
        )  # fmt: skip
        tx.run(
            f"{_NUMBERS} INSERT INTO practice(actor, local, host, slug, name, summary, domain, level, place, coalition,"
            " created) SELECT :origin || '/practices/p' || n, 1, p.host, 'p' || n, 'Practice ' || n,"
            " 'What its people care about, in a sentence or two, so that others know.',"
            " CASE n % 5 WHEN 0 THEN 'housing' WHEN 1 THEN 'health' WHEN 2 THEN 'public-safety'"
            " WHEN 3 THEN 'education' ELSE 'environment' END, p.level,"
            " 'High Point', p.coalition, p.created FROM c, practice p WHERE p.actor = :first",
            count=practices - 1, origin=origin, first=first,
        )  # fmt: skip
        tx.run(
            f"{_NUMBERS} INSERT INTO member(id, name, email, state, joined, discipline, help) SELECT 'm' || n,"
            " 'Member ' || n, 'm' || n || '@mail.example', 'active', 1, 'Nursing', 'Night shelters' FROM c",
            count=members - 1,
        )
        tx.run(
            "INSERT INTO member(id, name, sign_in, password, state, joined)"
            " VALUES(:id, 'Ana', :id, :hash, 'active', 1)",
            id=COORDINATOR, hash=password,
        )  # fmt: skip
        tx.run(
            f"{_NUMBERS} INSERT INTO role(member, practice, role, since) SELECT 'm' || n, :origin || '/practices/p' ||"
            " (1 + n * k % :practices), CASE WHEN n < 400 AND k = 1 THEN 'coordinator' ELSE 'member' END, 1"
            " FROM c, (SELECT 1 AS k UNION SELECT 7 UNION SELECT 13) WHERE true ON CONFLICT DO NOTHING",
            count=members - 1, origin=origin, practices=practices - 1,
        )  # fmt: skip
        tx.run(
            f"{_NUMBERS} INSERT INTO role(member, practice, role, since) SELECT 'm' || n, :first, 'member', 1 FROM c",
            count=members - 1,
            first=first,
        )
        for practice, role in (("", "coordinator"), (first, "coordinator"), (first, "member")):
            tx.run(
                "INSERT INTO role(member, practice, role, since) VALUES(:id, :practice, :role, 1)",
                id=COORDINATOR, practice=practice, role=role,
            )  # fmt: skip
        tx.run(
            f"{_NUMBERS} INSERT INTO organisation(id, name, folded, sector, place, made)"
            " SELECT 'o' || n, 'Organisation ' || n, 'organisation ' || n, 'public', 'High Point', 1 FROM c",
            count=ORGANISATIONS,
        )
        tx.run(
            f"{_NUMBERS} INSERT INTO affiliation(member, organisation, title, since)"
            " SELECT 'm' || n, 'o' || (1 + n % :organisations), 'Officer', '2020-01-01' FROM c",
            count=members - 1, organisations=ORGANISATIONS,
        )  # fmt: skip

    await storage.transact(work)
