"""What the pages of imports might have to show."""

from typing import Any

import msgspec

from node.coalition.importing import judging, nouns
from node.coalition.importing.kinds import practices_by_name
from node.coalition.importing.pages import STATES
from node.coalition.importing.store import Brought
from node.coalition.importing.tables import Line
from node.sentence import count, say
from node.web.forms import Form
from tests.web.sample_facts import DAY, NO_PAGE, NOW

_DESK: Any = None  # nothing is carried out here
_KIND = nouns.organisations(_DESK)
_KINDS = {kind.name: kind for kind in (nouns.members(_DESK), _KIND)}
_HEADINGS = ("Name", "Type", "Town", "Fax")
_LINES = (
    Line(2, ("High Point Police", "public", "High Point", "")),
    Line(3, ("Community Against Violence", "nonprofit", "High Point", "")),
    Line(4, ("", "publik", "", "")),
)
_COLUMNS = {"name": 0, "sector": 1, "place": 2}
_JUDGED = judging.judge(_KIND, _COLUMNS, _HEADINGS, _LINES, practices_by_name([]))
_IT = Brought(
    "i1", "organisations", "partners.csv", "draft", "m1", "page", None, NOW, None, _HEADINGS, _COLUMNS,
    (count("{number} row.", "{number} rows.", 3), say("The file is empty.")), "",
)  # fmt: skip
_WRONG = [(4, "publik", judging.reasons(_JUDGED[2]), "")]
_ONE = {
    "it": _IT, "kind": _KIND, "state": STATES["draft"], "numbers": {"waiting": 3}, "total": 3, "form": Form(),
    "here_url": "/imports/i1", "expected": 0, "columns": [(str(at), name) for at, name in enumerate(_HEADINGS)],
    "matched": Form({name: str(at) for name, at in _COLUMNS.items()}), "unread": ["Fax"], "fault": None,
    "shown": [field.label for field in _KIND.fields], "good": 2, "bad": 1,
    "first": [(one.line.number, list(one.shown.values())) for one in _JUDGED[:2]],
    "same": [(9, "Police", (judging.is_here(),), "")],
    "same_total": 1, "left": _WRONG, "page": NO_PAGE,
}  # fmt: skip


def _in(state: str, **numbers: int) -> dict[str, Any]:
    return {
        "it": msgspec.structs.replace(_IT, state=state), "kind": _KIND, "state": STATES[state], "numbers": numbers,
        "total": sum(numbers.values()), "form": Form(), "here_url": "/imports/i1", "left": _WRONG, "same": [],
        "page": NO_PAGE, "expected": 2 if state == "done" else 0,
    }  # fmt: skip


_ROWS = [
    {"id": "i1", "kind": "organisations", "name": "partners.csv", "state": "done", "made": NOW, "bringer": "Marty"},
    {"id": "i2", "kind": "members", "name": "", "state": "draft", "made": NOW - DAY, "bringer": None},
]
_NEW = {"kinds": list(_KINDS.values()), "form": Form(), "most_rows": 5_000, "most_megabytes": 5}

RICH: dict[str, tuple[str, dict[str, Any], bool]] = {
    "imports": ("imports.html", {"rows": _ROWS, "kinds": _KINDS, "states": STATES, "page": NO_PAGE}, True),
    "import-kinds": ("import_new.html", {**_NEW, "kind": None}, True),
    "import-new": ("import_new.html", {**_NEW, "kind": _KIND}, True),
    "import-draft": ("import.html", _ONE, True),
    "import-unmatched": (
        "import.html", {**_ONE, "fault": judging.fault(_KIND.fields, {}, 4), "first": [], "good": 0, "left": []}, True,
    ),
    "import-running": ("import.html", _in("running", made=40, bad=2, waiting=300), True),
    "import-done": ("import.html", _in("done", made=22, bad=3, same=1), True),
    "import-undoing": ("import.html", _in("undoing", made=12, taken=10), True),
    "import-undone": ("import.html", _in("undone", taken=21, kept=1), True),
}  # fmt: skip
EMPTY: dict[str, tuple[str, dict[str, Any], bool]] = {
    "imports-empty": ("imports.html", {"rows": [], "kinds": _KINDS, "states": STATES, "page": NO_PAGE}, True),
}
