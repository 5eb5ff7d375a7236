"""What the pages of practices, of groups and of finding them might have to show."""

from typing import Any

from node.coalition.practices.commands import Statement
from node.coalition.practices.differences import steps
from node.coalition.practices.finding import FAR
from node.coalition.practices.groups import KINDS
from node.coalition.practices.rules import Version
from node.coalition.practices.splitting import Question
from node.web import words
from node.web.forms import Form
from node.web.placing import Found
from node.web.things import Ref
from protocol.vocabulary.place import Place
from tests.web.sample_facts import DAY, DOMAINS, LINES, NO_PAGE, NOW

HERE = Place("High Point", "4471025", "35.9557,-80.0053", ("US", "US-NC"))
_ROW = {"name": "Safe streets", "slug": "safe-streets", "domain": "public-safety/gun-violence"}
_CRUMBS = (Ref("High Point", "/"), Ref("SafeCities", "https://safecities.example/practices/safecities"))
_FIRST = Statement(
    name="Safe streets",
    summary="Fewer people shot.",
    domain="public-safety",
    level="neighbourhood",
    place=Place("East"),
)
_NOW = Statement(
    name="Safe streets", summary="Fewer people shot, and fewer in prison.", scope_in="Shootings.", level="city",
    domain="public-safety/gun-violence", place=HERE,
)  # fmt: skip
_STEPS = tuple(
    steps(
        [
            Version("p", NOW, "m1", "The whole town asked us.", _NOW),
            Version("p", NOW - 90 * DAY, "", "", _FIRST),
        ]
    )
)
QUESTION = Question(
    child="https://fortwayne.example/practices/drug-markets", name="Drug markets", summary="Corners.",
    parent="https://fortwayne.example/practices/safecity", parent_name="Fort Wayne SafeCity", at=NOW,
)  # fmt: skip
_FORM = Form({"name": "Safe streets", "level": "city", "place": "High Point", "domain": "public-safety"})

_GROUP = {
    "id": "g1", "name": "Housing Alliance", "kind": "alliance", "domain": "housing/shelter", "level": "city",
    "url": "https://alliance.example/", "note": "Meets on Tuesdays.", "at": NOW, "claimed": "",
}  # fmt: skip
_FIND = {
    "place": "High Point", "taken": Found("4471025", "High Point, North Carolina, United States", HERE),
    "others": [Found("US-NC", "North Carolina, United States", HERE)], "domain": "housing", "page": NO_PAGE,
    "found": (
        (FAR[0], ((False, LINES[0], ""), (True, LINES[1], KINDS["alliance"]))), (FAR[2], ((False, LINES[0], ""),)),
    ),
    "tree": [("housing", 2), ("housing/shelter", 1)], "roots": DOMAINS, "may_note": True, "may_open": True,
}  # fmt: skip

RICH: dict[str, tuple[str, dict[str, Any], bool]] = {
    "practice-describe": (
        "practice_describe.html",
        {"form": _FORM, "practice": _ROW, "domains": DOMAINS,
         "levels": tuple(words.LEVELS.items())},
        True,
    ),
    "practice-history": (
        "practice_history.html",
        {"practice": _ROW, "parents": _CRUMBS, "steps": _STEPS, "said": _NOW, "names": {"m1": "Marty Sumner"},
         "page": NO_PAGE},
        True,
    ),
    "practice-history-none": (
        "practice_history.html",
        {"practice": _ROW, "parents": _CRUMBS, "steps": (), "said": _FIRST, "names": {}, "page": NO_PAGE},
        False,
    ),
    "find": ("find.html", _FIND, False),
    "find-nowhere": (
        "find.html", {**_FIND, "taken": None, "others": [], "found": (), "place": "Atlantis"}, False
    ),
    "find-nothing": (
        "find.html", {**_FIND, "found": (), "tree": [], "others": [], "may_note": False, "may_open": False}, False
    ),
    "groups": ("groups.html", {"groups": [_GROUP], "page": NO_PAGE, "may_note": True, "kinds": KINDS}, True),
    "groups-none": ("groups.html", {"groups": [], "page": NO_PAGE, "may_note": False, "kinds": KINDS}, False),
    "group": (
        "group.html",
        {"group": _GROUP, "place": "High Point", "kinds": KINDS, "may_note": True, "claimed": None,
         "claimants": [("https://highpoint.example/practices/housing", "Housing")]},
        True,
    ),
    "group-claimed": (
        "group.html",
        {"group": {**_GROUP, "claimed": "p"}, "place": "", "kinds": KINDS, "may_note": False, "claimants": [],
         "claimed": {"name": "Housing", "local": 1, "slug": "housing"}},
        False,
    ),
    "group-form": (
        "group_form.html",
        {"form": _FORM, "group": None, "kinds": list(KINDS.items()), "domains": DOMAINS,
         "levels": tuple(words.LEVELS.items())},
        True,
    ),
    "practice-split": (
        "practice_split.html",
        {"practice": _ROW, "parents": _CRUMBS, "form": Form(), "host": "highpoint.example"},
        True,
    ),
}  # fmt: skip
