"""What the pages of items that were brought in and applied might have to show."""

from typing import Any

from node.repertoire.crossings.rules import KINDS
from node.sentence import count, say
from node.web.forms import Form
from tests.web.sample_facts import NO_PAGE

_ROWS = [
    {"id": "c1", "words": say("Brought in from {organisation} by {name}", organisation="Hospital", name="Ana Ruiz"),
     "day": "2026-05-01", "note": "", "member": "m1", "then": True, "title": "First hour", "url": "/items/1"},
    {"id": "c2", "words": say("Applied at {organisation} by {name}", organisation="Brakes Ltd", name="Bo"),
     "day": "2026-05-20", "note": "Two people.", "member": "m2", "then": False, "title": "", "url": "/items/2"},
]  # fmt: skip
SECTION: dict[str, Any] = {
    "rows": _ROWS, "all": "/practices/safe-streets/crossings", "more": "/items/1/crossings",
    "summary": (count("{number} application", "{number} applications", 1),
                count("{number} organisation", "{number} organisations", 2)),
}  # fmt: skip
_FORM = {"title": "First hour", "rows": _ROWS, "mine": [("o1", "City Hospital")], "item_url": "/items/1",
         "form": Form({"day": "2026-05-20"}), "kinds": list(KINDS.items()), "today": "2026-05-20"}  # fmt: skip
_REPORT = {"practice": {"name": "Safe streets", "slug": "safe-streets"}, "rows": _ROWS, "page": NO_PAGE, "items": 12,
           "links": [("City Hospital", "Brakes Ltd", 1)], "crossed": 1, "mine": "m1"}  # fmt: skip

RICH: dict[str, tuple[str, dict[str, Any], bool]] = {
    "crossings": ("crossings.html", _FORM, True),
    "practice-crossings": ("practice_crossings.html", _REPORT, True),
}
EMPTY: dict[str, tuple[str, dict[str, Any], bool]] = {
    "crossings-none": ("crossings.html", {**_FORM, "rows": [], "mine": []}, True),
    "practice-crossings-none": (
        "practice_crossings.html", {**_REPORT, "rows": [], "links": [], "crossed": 0, "items": 0}, True,
    ),
}  # fmt: skip
