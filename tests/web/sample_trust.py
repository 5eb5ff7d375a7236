"""Trust as pages show it: the chief of High Point, whom Fort Wayne vouches for; and nobody."""

from typing import Any

from node.sentence import words
from node.trust import stating
from node.trust import words as trust_words
from node.trust.explaining import Explanation, Hop, Party
from node.trust.listing import Listed
from node.trust.pages import SHOWS, one_shown, way_shown
from node.trust.rules import State
from node.web.forms import Form
from node.web.things import PageOf, Ref
from protocol.errors import Reason, sentence

_DAY = 86_400_000
_NOW = 1_778_148_000_000
_CHIEF = Party("https://highpoint.example/people/chief", "Louis Quijas", "Person", "High Point Community")
_MAYOR = Party("https://fortwayne.example/people/mayor", "Graham Richard", "Person", "Fort Wayne SafeCity")
_US = Party("https://inkster.example/actor", "Inkster United for Youth", "Organization", ours=True)
_MARY = Party("member:1", "Mary Wells", ours=True)


def _hop(issuer: Party, subject: Party, level: str, **more: Any) -> Hop:
    said = {"domain": "public-safety/gun-violence", "since": "", "grounds": "", "links": (), "home": False, **more}
    return Hop(1, issuer, subject, level, start=_NOW - 30 * _DAY, end=_NOW + 300 * _DAY, **said)


_WAY = (
    _hop(_US, _MAYOR, "worked-together", since="2019", grounds="He came to our first call-in.", weakest=True),
    _hop(_MAYOR, _CHIEF, "vouched", grounds="We copied his method, and it held.",
         links=("https://fortwayne.example/items/1", "javascript:alert(1)")),
)  # fmt: skip
_OWN = (_hop(_MARY, _CHIEF, "met", home=True, domain="*"),)
_STATES: tuple[tuple[State, str], ...] = (
    ("counts", ""), ("lapsed", ""), ("superseded", ""), ("ended", ""), ("key", ""), ("unknown", ""),
    ("malformed", words("A trust statement is for one cw:domain, or for *.")),
)  # fmt: skip
_LISTED = [
    one_shown(Listed(f"https://x.example/{state}", "cw:TrustStatement", _WAY[1], state, why, state == "counts"))
    for state, why in _STATES
]
_CONCERN = one_shown(
    Listed("https://x.example/c", "cw:Concern",
           _hop(_MAYOR, _CHIEF, "", grounds="Their unit was closed last year: ask who does it now."), "counts")
)  # fmt: skip
_PAGE = PageOf(1, 1, 7, None, None)
_NOBODY = PageOf(1, 1, 0, None, None)
_DOMAINS = stating.domains("public-safety/gun-violence")

TRUSTED = Ref(trust_words.way(_WAY), "/trust/about?id=x&for=public-safety")
ABOUT: dict[str, Any] = {
    "name": "Louis Quijas", "home": _CHIEF.id, "local": False, "gone": False, "domain": "public-safety/gun-violence",
    "id": _CHIEF.id, "line": trust_words.line(Explanation(_CHIEF.id, "public-safety", (_WAY,))), "domains": _DOMAINS,
    "ways": [way_shown(_WAY), way_shown(_OWN)], "instead": [], "vetoed": False, "introducers": [],
    "concerns": [_CONCERN], "statements": _LISTED, "page": _PAGE, "voices": True,
    "together": [{"words": words("coached them"), "who": Ref("Fort Wayne SafeCity", "/trust/about?id=x")}],
}  # fmt: skip
UNKNOWN: dict[str, Any] = {
    **ABOUT, "ways": [], "concerns": [], "statements": [], "together": [], "page": _NOBODY, "gone": True,
    "line": trust_words.line(Explanation(_CHIEF.id, "housing")),
}  # fmt: skip
INSTEAD: dict[str, Any] = {
    **ABOUT, "ways": [], "instead": [way_shown(_OWN)],
    "line": trust_words.line(Explanation(_CHIEF.id, "housing", (), (_OWN,))),
    "introducers": [{"who": Ref("Graham Richard", "/trust/about?id=y"), "way": trust_words.way(_WAY[:1])}],
}  # fmt: skip
OVERVIEW: dict[str, Any] = {
    "rows": [row | {"mine": True} for row in _LISTED], "show": "ours", "shows": SHOWS, "page": _PAGE,
}  # fmt: skip
NOTHING: dict[str, Any] = {"rows": [], "show": "ours", "shows": SHOWS, "page": _NOBODY}
_FORM = Form(
    {"voice": "member:1", "level": "met", "domain": "public-safety/gun-violence", "until": "2027-05-07",
     "audience": "home", "grounds": "We met in May."}
)  # fmt: skip
FORM: dict[str, Any] = {
    "form": _FORM, "id": _CHIEF.id, "for": "public-safety/gun-violence", "concern": False, "name": "Louis Quijas",
    "voices": [("member:1", words("I myself")), (_US.id, _US.name)], "domains": _DOMAINS,
    "levels": [(level, trust_words.LEVELS[level]) for level in trust_words.LEVELS], "audiences": stating.AUDIENCES,
    "about_url": "/trust/about?id=x",
}  # fmt: skip
CONCERN_FORM: dict[str, Any] = {**FORM, "concern": True}

REFUSED_HERE = (
    {"who": "mirror.example", "object": _CHIEF.id, "sentence": sentence(Reason.SUPERSEDED), "many": 3, "at": _NOW},
    {"who": "forger.example", "object": "", "sentence": sentence(Reason.BAD_PROOF), "many": 1, "at": _NOW},
)  # fmt: skip
RICH: dict[str, tuple[str, dict[str, Any], bool]] = {
    "trust": ("trust.html", OVERVIEW, True),
    "trust-about": ("trust_about.html", ABOUT, True),
    "trust-instead": ("trust_about.html", INSTEAD, True),
    "trust-form": ("trust_form.html", FORM, True),
    "trust-concern": ("trust_form.html", CONCERN_FORM, True),
}
EMPTY: dict[str, tuple[str, dict[str, Any], bool]] = {
    "trust-nothing": ("trust.html", NOTHING, True),
    "trust-of-us-nothing": ("trust.html", {**NOTHING, "show": "us"}, True),
    "trust-all-nothing": ("trust.html", {**NOTHING, "show": "all"}, True),
    "trust-unknown": ("trust_about.html", UNKNOWN, True),
}
