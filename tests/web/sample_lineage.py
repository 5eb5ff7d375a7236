"""High Point's tree: its method, what two cities made of it and a third of one of these, a translation, and one that
nobody can check.
"""

from typing import Any

from node.repertoire.adapting.rules import WHAT
from node.repertoire.coaching.pages import STATES
from node.repertoire.lineage.pages import shown
from node.repertoire.lineage.parts import Gathered, Known, Part
from node.web.forms import Form
from node.web.things import Ref
from protocol.vocabulary.references import Reference

_DAY = 86_400_000
_START = 1_000_000_000_000
_METHOD = "https://high-point.example/items/1"
_INKSTER = "https://inkster.example/items/1"
_STATE = b"1" * 32


def _part(host: str, days: int, title: str, **more: Any) -> Part:
    at = _START + days * _DAY
    more = {"kind": "adaptation", "language": "en", "place": host.replace("-", " ").title(), **more}
    return Part(
        id=f"https://{host}.example/items/1", owner=f"https://{host}.example/practices/safe", title=title,
        published=at, updated=at, states=frozenset({_STATE}), **more,
    )  # fmt: skip


PARTS = (
    _part("high-point", 0, "Calling in the most violent few", kind="method", version="second edition",
          credited=(Reference(_INKSTER, _STATE),)),
    _part("fort-wayne", 200, "The call-in, with a mayor in the room", stage="running", since="2002-05-01",
          adapted=(Reference(_METHOD, _STATE),), coach="https://high-point.example/practices/safe"),
    _part("inkster", 230, "Calling in, with the faith leaders of Inkster and everybody whom they brought along",
          stage="adapting", since="2002-06-01", adapted=(Reference(_METHOD, _STATE),)),
    _part("san-salvador", 300, "Llamar a los pocos", kind="method", language="es",
          translated=(Reference(_METHOD, b"2" * 32),)),
    _part("toledo", 400, "", withdrawn=True, reason="It was never begun.", adapted=(Reference(_INKSTER, _STATE),),
          credited=(Reference(_METHOD, _STATE), Reference("https://gone.example/items/9", _STATE))),
)  # fmt: skip


def _known(part: Part) -> Known:
    return Known(f"Safe streets {part.place}", part.id.split("/")[2], part.id == _METHOD)


TREE = shown(Gathered(PARTS, {part.id: _known(part) for part in PARTS}, True), _METHOD)
ALONE = shown(Gathered(PARTS[:1], {_METHOD: _known(PARTS[0])}, False), _METHOD)

_COURSE = [
    {"number": 2, "on": "2002-02-11", "what": "visited", "words": WHAT["visited"],
     "text": "The police chief, the mayor and a pastor came along."},
    {"number": 1, "on": "2002-05-01", "what": "running", "words": WHAT["running"], "text": ""},
    {"number": 3, "on": "2002-09-30", "what": "lesson", "words": WHAT["lesson"],
     "text": "Once our mayor had visited, he wanted to do it."},
]  # fmt: skip
_WHERE = {"title": "The call-in, with a mayor in the room", "language": "en", "item_url": "/items/1"}
COURSE: dict[str, Any] = {**_WHERE, "form": Form({"on": "2002-10-01"}), "whats": list(WHAT.items()), "course": _COURSE}
CREDIT: dict[str, Any] = {
    **_WHERE, "version": "first edition", "form": Form(),
    "rows": [
        {"id": _INKSTER, "title": "Calling in, with the faith leaders", "language": "en", "url": "/catalog/item?id=x",
         "on": True, "practice": Ref("Inkster United", "/catalog?practice=x"), "place": "Inkster",
         "changed": "Pastors sit in front.", "told": _COURSE[-1:]},
        {"id": "https://fort-wayne.example/items/1", "title": "The call-in", "language": "es", "url": "/items/2",
         "on": False, "practice": Ref("Fort Wayne", None), "place": "", "changed": "", "told": []},
    ],
}  # fmt: skip
BACK: list[dict[str, Any]] = [
    {"on": "2002-09-30", "words": WHAT["lesson"], "text": _COURSE[-1]["text"], "language": "en",
     "of": Ref("The call-in, with a mayor in the room", "/items/1"), "practice": Ref("Fort Wayne", "/x"),
     "credited": True},
]  # fmt: skip
OWN_COURSE = _COURSE

COACH: dict[str, Any] = {
    **_WHERE, "coach": "", "named": False, "form": Form(),
    "choices": [("https://high-point.example/practices/safe", "Safe streets High Point")],
    "requests": [{"name": "Safe streets High Point", "state": STATES["asked"], "at": _START}],
}  # fmt: skip
COACHED: dict[str, Any] = {**COACH, "coach": "Safe streets High Point", "named": True}
_REQUEST: dict[str, Any] = {
    "id": "https://fort-wayne.example/activities/1", "words": "Two calls before our first call-in?", "state": "asked",
    "said": STATES["asked"], "at": _START, "practice": "Safe streets Fort Wayne", "coach": "Safe streets High Point",
    "title": "The call-in, with a mayor in the room", "url": "/catalog/item?id=x", "coaching": "",
}  # fmt: skip
COACHING: dict[str, Any] = {
    "requests": [
        _REQUEST,
        {**_REQUEST, "state": "accepted", "said": STATES["accepted"], "coaching": "https://h.example/coachings/1"},
        {**_REQUEST, "state": "declined", "said": STATES["declined"], "words": "", "url": ""},
    ]
}

RICH: dict[str, tuple[str, dict[str, Any], bool]] = {
    "coach": ("coach.html", COACH, True),
    "coached": ("coach.html", COACHED, True),
    "coaching": ("coaching.html", COACHING, True),
    "progress": ("progress.html", COURSE, True),
    "credit": ("credit.html", CREDIT, True),
    "lineage": ("lineage.html", TREE, False),
}
EMPTY: dict[str, tuple[str, dict[str, Any], bool]] = {
    "coach-nobody": ("coach.html", {**COACH, "choices": [], "requests": []}, True),
    "coach-unheard": ("coach.html", {**COACHED, "coach": "", "requests": []}, True),
    "progress-none": ("progress.html", {**COURSE, "course": []}, True),
    "credit-none": ("credit.html", {**CREDIT, "rows": []}, True),
    "lineage-alone": ("lineage.html", ALONE, False),
}
