"""What may be done with a table that somebody brought: begin, match its columns, carry it out, undo, drop. Pure.

Until it is carried out nothing is made of it. Each row is then made by the command of its own noun, as whoever
carries it out; this room only notes what became of it.
"""

from collections.abc import Mapping

import msgspec

from node.coalition.importing import judging
from node.coalition.importing.kinds import Kind
from node.coalition.importing.tables import MOST_COLUMNS, MOST_ROWS, Line
from node.gate.handler import Decision
from node.sentence import say
from protocol.errors import Reason

DAY = 24 * 3_600_000
DRAFT_LIFETIME = 7 * DAY  # ms; what nobody carries out is other people's data, and goes
KEPT = 30 * DAY  # ms; so long bad rows can be fetched, and the import undone
MOST_DRAFTS = 20
BUSY, ENDED = ("running", "undoing"), ("done", "undone")


class BeginImport(msgspec.Struct, frozen=True):
    """Command: here is a table. columns: as they were guessed. scopes: of the token that brought it."""

    id: str
    kind: str
    name: str
    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    columns: Mapping[str, int]
    said: tuple[str, ...]
    made_by: str
    via: str = "page"
    scopes: frozenset[str] | None = None


class MatchColumns(msgspec.Struct, frozen=True):
    """Command: which column is which field."""

    id: str
    columns: Mapping[str, int]


class RunImport(msgspec.Struct, frozen=True):
    """Command: make what the table says, row by row."""

    id: str


class UndoImport(msgspec.Struct, frozen=True):
    """Command: take back what was made and not changed since. by: who wishes it, as whom each row is taken back."""

    id: str
    by: str


class DropImport(msgspec.Struct, frozen=True):
    """Command: forget the table. What was made of it stays."""

    id: str


class Noted(msgspec.Struct, frozen=True):
    """What became of one row. reason: as kept.py writes it."""

    number: int
    state: str
    reason: str = ""
    subject: str = ""
    was: str = ""


class NoteRows(msgspec.Struct, frozen=True):
    """Command of the node itself: so far it has come. end: nothing of it is left to do."""

    id: str
    notes: tuple[Noted, ...]
    lease: int
    end: bool = False


class Facts(msgspec.Struct, frozen=True):
    """state: empty if there is no such import. drafts: how many wait. columns: as they are matched."""

    state: str = ""
    kind: Kind | None = None
    headings: tuple[str, ...] = ()
    columns: Mapping[str, int] = {}
    drafts: int = 0


class Note(msgspec.Struct, frozen=True):
    """The command itself is what is stored. state: the import's from now on."""

    state: str = ""


Plan = Decision[Note]


def _no(reason: Reason, detail: str) -> Plan:
    return Decision(reason, detail=detail)


_NONE = _no(Reason.NOT_FOUND, say("There is no such import, or it was forgotten after its time."))


def _done(state: str = "") -> Plan:
    return Decision(Reason.ACCEPTED, (Note(state),))


def decide_begin(command: BeginImport, facts: Facts, _now: int) -> Plan:
    if facts.kind is None:
        return _no(Reason.INVALID, say("“{kind}” is nothing that a table can be made into.", kind=command.kind[:40]))
    if facts.drafts >= MOST_DRAFTS:
        return _no(Reason.NOT_ALLOWED, say("{most} tables wait already: carry one out, or drop it.", most=MOST_DRAFTS))
    if not command.lines or len(command.lines) > MOST_ROWS or len(command.headings) > MOST_COLUMNS:
        return _no(Reason.INVALID, say("A table has 1 to {most} rows.", most=MOST_ROWS))
    return _done("draft")


def decide_match(command: MatchColumns, facts: Facts, _now: int) -> Plan:
    if facts.kind is None or not facts.state:
        return _NONE
    if facts.state != "draft":
        return _no(Reason.NOT_ALLOWED, say("It is carried out already."))
    known = {field.name for field in facts.kind.fields}
    if not known.issuperset(command.columns):
        return _no(Reason.INVALID, say("There is no such field."))
    if why := judging.fault(facts.kind.fields, command.columns, len(facts.headings)):
        return _no(Reason.INVALID, why)
    return _done("draft")


def decide_run(_command: RunImport, facts: Facts, _now: int) -> Plan:
    if facts.kind is None or not facts.state:
        return _NONE
    if facts.state != "draft":
        return _no(Reason.EXISTS, say("It is carried out already."))
    if why := judging.fault(facts.kind.fields, facts.columns, len(facts.headings)):
        return _no(Reason.INVALID, why)
    return _done("running")


def decide_undo(_command: UndoImport, facts: Facts, _now: int) -> Plan:
    if not facts.state:
        return _NONE
    if facts.state in ("undoing", "undone"):
        return _no(Reason.EXISTS, say("It is taken back already."))
    if facts.state != "done":
        return _no(Reason.NOT_ALLOWED, say("Only what is carried out can be taken back: wait until it is."))
    return _done("undoing")


def decide_drop(_command: DropImport, facts: Facts, _now: int) -> Plan:
    if not facts.state:
        return _NONE
    if facts.state in BUSY:
        return _no(Reason.NOT_ALLOWED, say("It is being carried out: wait until it is done."))
    return _done()


def decide_note(command: NoteRows, facts: Facts, _now: int) -> Plan:
    if facts.state not in BUSY:
        return _NONE
    ended = "done" if facts.state == "running" else "undone"
    return _done(ended if command.end else facts.state)
