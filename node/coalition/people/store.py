"""The members' rows. Apart from `apply` it only reads; who may see what is asked before it is read (standing.py)."""

from typing import Any

from node.coalition.passkeys import store as passkeys
from node.coalition.people import belonging
from node.coalition.people.commands import (
    Affiliate,
    Begin,
    ChangePassword,
    DescribeMember,
    EndAffiliation,
    EndRole,
    EndSession,
    GiveRole,
    Join,
    JoinPractice,
    Leave,
    LeavePractice,
    MakeInvitation,
    MakeRecovery,
    MakeToken,
    Readmit,
    Recover,
    RevokeInvitation,
    RevokeToken,
    Suspend,
)
from node.coalition.people.rules import DAY, RECOVERY, Facts, Invited, Note
from node.coalition.profiles import store as profiles
from node.storage.contract import Reads, Row, Tx
from node.web import session

PAGE = 50


def invited(reads: Reads, seal: bytes) -> Invited | None:
    row = reads.one(
        "SELECT id, practice, role, member, left_uses, expires FROM invitation WHERE seal = :seal", seal=seal
    )
    return (
        Invited(row["id"], row["practice"], row["role"], row["member"], row["left_uses"], row["expires"])
        if row
        else None
    )


def _state(reads: Reads, member: str) -> str:
    row = reads.one("SELECT state FROM member WHERE id = :id", id=member)
    return row["state"] if row else ""


def _roles(reads: Reads, member: str) -> frozenset[tuple[str, str]]:
    rows = reads.all("SELECT practice, role FROM role WHERE member = :member AND until IS NULL", member=member)
    return frozenset((row["practice"], row["role"]) for row in rows)


def coordinators(reads: Reads, practice: str) -> int:
    """How many active members coordinate it."""
    return reads.the(
        "SELECT COUNT(*) AS n FROM role r JOIN member m ON m.id = r.member AND m.state = 'active'"
        " WHERE r.practice = :practice AND r.role = 'coordinator' AND r.until IS NULL",
        practice=practice,
    )["n"]  # fmt: skip


def is_practice(reads: Reads, practice: str) -> bool:
    return not practice or (
        reads.one("SELECT 1 AS yes FROM practice WHERE actor = :actor AND local = 1", actor=practice) is not None
    )


def load(reads: Reads, command: Any) -> Facts:
    """The facts that this command's decision asks for."""
    match command:
        case MakeInvitation():
            return Facts(practice=is_practice(reads, command.practice))
        case Join():
            return Facts(invited(reads, command.seal), taken=taken(reads, "", command.sign_in, command.email))
        case Begin():
            return Facts(begun=reads.one("SELECT 1 AS yes FROM member LIMIT 1") is not None)
        case Recover():
            found = invited(reads, command.seal)
            return Facts(found, member=_state(reads, found.member) if found else "")
        case DescribeMember():
            return Facts(taken=taken(reads, command.member, "", command.email))
        case GiveRole() | EndRole() | JoinPractice() | LeavePractice():
            return Facts(
                member=_state(reads, command.member), practice=is_practice(reads, command.practice),
                roles=_roles(reads, command.member), coordinators=coordinators(reads, command.practice),
            )  # fmt: skip
        case Suspend() | Leave() | Readmit() | MakeRecovery():
            return Facts(
                member=_state(reads, command.member), roles=_roles(reads, command.member),
                coordinators=coordinators(reads, ""), profile=profiles.of_member(reads, command.member),
            )  # fmt: skip
        case EndAffiliation():
            row = reads.one(
                "SELECT since FROM affiliation WHERE key = :key AND member = :member AND until IS NULL",
                key=command.key, member=command.member,
            )  # fmt: skip
            return Facts(affiliation=row["since"] if row else None)
        case _:
            return Facts()


def taken(reads: Reads, member: str, sign_in: str, email: str) -> str:
    """Which of them is somebody's other than this member's: "sign_in", "email" or neither."""
    found = reads.one("SELECT id FROM member WHERE sign_in = :name", name=sign_in) if sign_in else None
    if found and found["id"] != member:
        return "sign_in"
    found = reads.one("SELECT id FROM member WHERE email = :email", email=email.lower()) if email else None
    return "email" if found and found["id"] != member else ""


def apply(tx: Tx, command: Any, effects: tuple[Note, ...], now: int) -> None:
    """Store what was decided."""
    by = effects[0].by
    match command:
        case MakeInvitation():
            _link(
                tx, command, command.practice, command.role, "", command.note.strip(), now + command.days * DAY,
                command.uses, now,
            )  # fmt: skip
        case MakeRecovery():
            _link(tx, command, "", "", command.member, "", now + RECOVERY, 1, now)
        case RevokeInvitation():
            tx.run("DELETE FROM invitation WHERE id = :id", id=command.id)
        case Join() if by is not None:
            _use(tx, by)
            _join(tx, command, by, now)
        case Begin() if by is not None:
            _join(tx, command, by, now)
        case Recover() if by is not None:
            _use(tx, by)
            tx.run("UPDATE member SET password = :hash WHERE id = :id", hash=command.password, id=by.member)
            _end_ways(tx, by.member)
            passkeys.forget(tx, by.member)  # a recovery is for who has lost what signs them in, or has it stolen
        case DescribeMember():
            tx.run(
                "UPDATE member SET name = :name, email = :email, sector = :sector, discipline = :discipline,"
                " help = :help, language = :language, time_zone = :zone WHERE id = :id",
                name=command.name.strip(), email=command.email.lower() or None, sector=command.sector,
                discipline=command.discipline.strip(), help=command.help.strip(), language=command.language,
                zone=command.time_zone, id=command.member,
            )  # fmt: skip
        case ChangePassword():
            tx.run("UPDATE member SET password = :hash WHERE id = :id", hash=command.password, id=command.member)
            session.end_all(tx, command.member, command.but)
        case EndSession():
            session.end(tx, command.member, command.session)
        case Suspend():
            tx.run("UPDATE member SET state = 'suspended' WHERE id = :id", id=command.member)
            _end_ways(tx, command.member)
        case Readmit():
            tx.run("UPDATE member SET state = 'active' WHERE id = :id AND state = 'suspended'", id=command.member)
        case Leave():
            _leave(tx, command.member, now)
        case _:
            _apply_belonging(tx, command, now)


def _apply_belonging(tx: Tx, command: Any, now: int) -> None:
    match command:
        case MakeToken():
            tx.run(
                "INSERT INTO access_token(id, seal, member, name, scopes, made, expires)"
                " VALUES(:id, :seal, :member, :name, :scopes, :now, :expires)",
                id=command.id, seal=command.seal, member=command.member, name=command.name.strip(),
                scopes=" ".join(command.scopes), now=now, expires=now + command.days * DAY,
            )  # fmt: skip
        case RevokeToken():
            tx.run(
                "DELETE FROM access_token WHERE id = :id AND member = :member", id=command.id, member=command.member
            )  # fmt: skip
        case GiveRole():
            belonging.give(tx, command.member, command.practice, command.role, now)
        case JoinPractice():
            belonging.give(tx, command.member, command.practice, "member", now)
        case EndRole():
            tx.run(
                "UPDATE role SET until = :now WHERE member = :member AND practice = :practice AND role = :role"
                " AND until IS NULL",
                now=now, member=command.member, practice=command.practice, role=command.role,
            )  # fmt: skip
        case LeavePractice():
            tx.run(
                "UPDATE role SET until = :now WHERE member = :member AND practice = :practice AND until IS NULL",
                now=now, member=command.member, practice=command.practice,
            )  # fmt: skip
        case Affiliate():
            belonging.affiliate(
                tx, command.member, command.id, command.organisation, command.sector, command.title, command.since, now
            )
        case EndAffiliation():
            tx.run("UPDATE affiliation SET until = :until WHERE key = :key", until=command.until, key=command.key)
        case _:
            raise TypeError(f"no command of the members' room: {command!r}")


def _link(
    tx: Tx, command: MakeInvitation | MakeRecovery, practice: str, role: str, member: str, note: str, expires: int,
    uses: int, now: int,
) -> None:  # fmt: skip
    tx.run("DELETE FROM invitation WHERE expires <= :long_ago", long_ago=now - 30 * DAY)
    tx.run(
        "INSERT INTO invitation(id, seal, practice, role, member, note, made_by, made, expires, left_uses)"
        " VALUES(:id, :seal, :practice, :role, :member, :note, :by, :now, :expires, :uses)",
        id=command.id, seal=command.seal, practice=practice, role=role, member=member, note=note, by=command.made_by,
        now=now, expires=expires, uses=uses,
    )  # fmt: skip


def _use(tx: Tx, by: Invited) -> None:
    """One fewer may come. On PostgreSQL too: who joins waits for who joins (gate/locks.py)."""
    tx.run("UPDATE invitation SET left_uses = left_uses - 1 WHERE id = :id", id=by.id)


def _join(tx: Tx, command: Join | Begin, by: Invited, now: int) -> None:
    tx.run(
        "INSERT INTO member(id, name, email, password, language, time_zone, state, joined, sign_in)"
        " VALUES(:id, :name, :email, :hash, :language, :zone, 'active', :now, :sign_in)",
        id=command.member, name=command.name.strip(), email=command.email.lower() or None, hash=command.password,
        language=command.language, zone=command.time_zone, now=now, sign_in=command.sign_in,
    )  # fmt: skip
    if by.role and not (by.role == "member" and not by.practice):
        belonging.give(tx, command.member, by.practice, by.role, now)
    if by.practice and by.role != "member":
        belonging.give(tx, command.member, by.practice, "member", now)


def _end_ways(tx: Tx, member: str) -> None:
    """Whatever they could come in by, ends."""
    session.end_all(tx, member)
    tx.run("DELETE FROM access_token WHERE member = :member", member=member)
    tx.run("DELETE FROM invitation WHERE member = :member", member=member)


def _leave(tx: Tx, member: str, now: int) -> None:
    """The row stays, for what they did is recorded under its id; whatever it said of them goes."""
    _end_ways(tx, member)
    passkeys.forget(tx, member)
    tx.run("UPDATE role SET until = :now WHERE member = :member AND until IS NULL", now=now, member=member)
    tx.run("DELETE FROM affiliation WHERE member = :member", member=member)
    tx.run("DELETE FROM profile WHERE member = :member", member=member)
    tx.run("DELETE FROM saved_search WHERE member = :member", member=member)
    tx.run("DELETE FROM split_answer WHERE member = :member", member=member)
    tx.run("DELETE FROM invitation WHERE made_by = :member", member=member)
    tx.run(
        "UPDATE member SET name = '', email = NULL, password = NULL, sign_in = '', language = '', time_zone = '',"
        " sector = '', discipline = '', help = '', state = 'left', ended = :now WHERE id = :id",
        now=now, id=member,
    )  # fmt: skip


# Reads for pages


def account(reads: Reads, sign_in: str) -> Row | None:
    """Who signs in by this name or mail address: id, password's hash."""
    return reads.one(
        "SELECT id, password FROM member WHERE (sign_in = :name OR email = :name) AND state = 'active'", name=sign_in
    )  # fmt: skip


def member(reads: Reads, id: str) -> Row | None:
    return reads.one(
        "SELECT id, name, email, sign_in, language, time_zone, sector, discipline, help, state, joined FROM member"
        " WHERE id = :id AND state <> 'left'",
        id=id,
    )  # fmt: skip


def members(reads: Reads, query: str, page: int) -> tuple[list[Row], int]:
    """A page of the active members by name, and how many there are."""
    wanted = f"%{query.lower()}%" if query else "%"
    rows = reads.all(
        "SELECT id, name, sector, discipline, help FROM member WHERE state = 'active' AND LOWER(name) LIKE :wanted"
        " ORDER BY name, key LIMIT :limit OFFSET :offset",
        wanted=wanted, limit=PAGE, offset=(page - 1) * PAGE,
    )  # fmt: skip
    total = reads.the(
        "SELECT COUNT(*) AS n FROM member WHERE state = 'active' AND LOWER(name) LIKE :wanted", wanted=wanted
    )["n"]
    return rows, total


def suspended(reads: Reads) -> list[Row]:
    return reads.all("SELECT id, name FROM member WHERE state = 'suspended' ORDER BY name, key LIMIT 200")


def roles(reads: Reads, member: str) -> list[Row]:
    """Every role they have or had, the open ones first: practice (its name and slug), role, since, until."""
    return reads.all(
        "SELECT r.practice, r.role, r.since, r.until, p.name, p.slug FROM role r"
        " LEFT JOIN practice p ON p.actor = r.practice WHERE r.member = :member"
        " ORDER BY r.until IS NOT NULL, r.since, r.key",
        member=member,
    )


def affiliations(reads: Reads, member: str) -> list[Row]:
    return reads.all(
        "SELECT a.key, a.title, a.since, a.until, o.name, o.sector FROM affiliation a"
        " JOIN organisation o ON o.id = a.organisation WHERE a.member = :member"
        " ORDER BY a.until IS NOT NULL, a.since DESC, a.key",
        member=member,
    )


def tokens(reads: Reads, member: str) -> list[Row]:
    return reads.all(
        "SELECT id, name, scopes, made, expires, used FROM access_token WHERE member = :member ORDER BY made",
        member=member,
    )


def invitations(reads: Reads, now: int) -> list[Row]:
    """Those by which somebody can still come, without their secrets."""
    return reads.all(
        "SELECT i.id, i.practice, i.role, i.note, i.made, i.expires, i.left_uses, p.name AS practice_name, m.name"
        " FROM invitation i LEFT JOIN practice p ON p.actor = i.practice LEFT JOIN member m ON m.id = i.made_by"
        " WHERE i.expires > :now AND i.left_uses > 0 AND i.member = '' ORDER BY i.made DESC LIMIT 200",
        now=now,
    )


def plain(rows: list[Row]) -> list[dict[str, Any]]:
    """Rows as they are taken along."""
    return [{name: each[name] for name in each.keys()} for each in rows]  # noqa: SIM118 (a Row is no mapping)


def everything(reads: Reads, id: str, now: int) -> dict[str, Any]:
    """All that is stored about a member, for themselves."""
    row = member(reads, id)
    acts = reads.all(
        "SELECT at, via, act, practice, subject FROM audit WHERE member = :id ORDER BY key LIMIT 10000", id=id
    )  # fmt: skip

    sessions = [
        {"browser": each["agent"], "since": each["created"], "last_used": each["seen"]}
        for each in session.of_member(reads, id, now)
    ]
    return {
        "member": plain([row])[0] if row else {}, "roles": plain(roles(reads, id)),
        "affiliations": plain(affiliations(reads, id)), "access_tokens": plain(tokens(reads, id)),
        "sessions": sessions, "acts": plain(acts),
    }  # fmt: skip


def of_practice(reads: Reads, practice: str, page: int) -> tuple[list[Row], int]:
    """A page of who belongs to a practice, by name: id, name, their roles there, where they are from."""
    rows = reads.all(
        "SELECT m.id, m.name, m.help, MIN(r.since) AS since FROM role r JOIN member m ON m.id = r.member"
        " AND m.state = 'active' WHERE r.practice = :practice AND r.until IS NULL GROUP BY m.id, m.name, m.help, m.key"
        " ORDER BY m.name, m.key LIMIT :limit OFFSET :offset",
        practice=practice, limit=PAGE, offset=(page - 1) * PAGE,
    )  # fmt: skip
    total = reads.the(
        "SELECT COUNT(DISTINCT m.id) AS n FROM role r JOIN member m ON m.id = r.member AND m.state = 'active'"
        " WHERE r.practice = :practice AND r.until IS NULL",
        practice=practice,
    )["n"]  # fmt: skip
    return rows, total


def meeting(reads: Reads, practice: str) -> list[Row]:
    """The organisations whose people meet in a practice now, how many of each do, and whether they meet others of the
    coalition nowhere else: name, sector, people, only."""
    return reads.all(
        "SELECT o.name, o.sector, COUNT(DISTINCT m.id) AS people, CASE WHEN EXISTS("
        "SELECT 1 FROM affiliation b JOIN member n ON n.id = b.member AND n.state = 'active' JOIN role x"
        " ON x.member = b.member AND x.until IS NULL AND x.practice <> '' AND x.practice <> :practice"
        " WHERE b.organisation = o.id AND b.until IS NULL) THEN 0 ELSE 1 END AS only FROM role r"
        " JOIN member m ON m.id = r.member AND m.state = 'active'"
        " JOIN affiliation a ON a.member = m.id AND a.until IS NULL JOIN organisation o ON o.id = a.organisation"
        " WHERE r.practice = :practice AND r.until IS NULL GROUP BY o.id, o.name, o.sector ORDER BY o.name LIMIT 200",
        practice=practice,
    )
