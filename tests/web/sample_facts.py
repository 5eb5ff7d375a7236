"""The facts of the sample pages: a coalition, its items, its neighbours, in all their variety."""

from typing import Any

import msgspec

from node.coalition.permissions import ROLES
from node.repertoire import versions
from node.repertoire.composing import Written
from node.repertoire.kept.rules import AUDIENCES
from node.web import words
from node.web.forms import Form
from node.web.pagination import page_of
from node.web.things import (
    Acts,
    Choice,
    Facet,
    ItemCard,
    Languages,
    Lineage,
    Other,
    PageOf,
    PracticeLine,
    Provenance,
    Ref,
    Site,
    State,
)
from tests.web.sample_lineage import BACK, OWN_COURSE
from tests.web.sample_trust import TRUSTED

DAY = 86_400_000
NOW = 1_778_148_000_000  # 7 May 2026, 10:00 UTC
PRINT = "8f3a 1c09 d2e4 77b1 0a5c 93de 61f8 4b20"
SITE = Site(
    "High Point Community Against Violence",
    "http://127.0.0.1:1",
    "@highpoint.example@highpoint.example",
    "High Point, North Carolina",
)

HIGH_POINT = Ref("Safe streets High Point", "/practices/safe-streets")
FORT_WAYNE = Ref("Fort Wayne SafeCity", "https://fortwayne.example/practices/safecity")
INKSTER = Ref("Inkster United for Youth", "https://inkster.example/practices/youth")
OURS = Provenance("Safe streets High Point", "highpoint.example", "verified", NOW - 4 * DAY, fingerprint=PRINT)
THEIRS = Provenance(
    "Fort Wayne SafeCity",
    "fortwayne.example",
    "verified",
    NOW - 40 * DAY,
    "https://fortwayne.example/items/01j",
    held_since=NOW - 39 * DAY,
    carrier="Inkster United for Youth",
    fingerprint=PRINT,
)
GOOD = State("Accepted", "good", "What they publish arrives here.", NOW - 90 * DAY)
BROKEN = State(
    "Broken",
    "bad",
    "Their certificate has expired. We keep trying; nothing is lost.",
    NOW - 2 * DAY,
)


def card(number: int = 1, **changes: Any) -> ItemCard:
    found = ItemCard(
        title="Calling in the most violent few",
        url=f"/items/{number}",
        kind="method",
        domain="public-safety/gun-violence",
        practice=HIGH_POINT,
        place="High Point, North Carolina",
        summary="Police, pastors and families speak to the few who do most of the harm: help on one side of the table, "
        "consequences on the other.",
        languages=("en", "es"),
        updated=NOW - 4 * DAY,
        review_by="2027-05-01",
        adapted=3,
    )
    return msgspec.structs.replace(found, **changes)


CARDS = (
    card(1),
    card(
        2,
        title="The call-in, with a mayor in the room",
        kind="adaptation",
        practice=FORT_WAYNE,
        place="Fort Wayne, Indiana",
        summary="High Point’s method in a city of 250,000: what we kept, what we changed, what happened in the first "
        "eighteen months.",
        languages=("en",),
        updated=NOW - 40 * DAY,
        review_by=None,
        origin="Fort Wayne SafeCity",
        connection="You follow them",
    ),
    card(
        3,
        title="After-school programmes from three to six",
        practice=INKSTER,
        place="Inkster, Michigan",
        summary="When school closes, trouble opens. How eleven churches and a school district share one rota.",
        languages=("en",),
        updated=NOW - 200 * DAY,
        review_by="2026-01-31",
        origin="Inkster United for Youth",
        connection="Two steps away, through Fort Wayne",
    ),
    card(4, title="Crime-mapping with a spreadsheet and a wall map", kind="tool", languages=("en", "vi"), summary=""),
)
PAGE = page_of(2, 271, "/catalog", [("q", "violence")])
ONE_PAGE = PageOf(1, 1, 4, None, None)
NO_PAGE = PageOf(1, 1, 0, None, None)
CONTENT = """<p>Nine in ten shootings in our city came from fewer than fifty people. We know their names, and so do
their mothers.</p><h2>How an evening goes</h2><ol><li>Each of them is invited by letter, and by someone who loves
them.</li><li>The district attorney shows the case that is ready. It is not filed.</li><li>A pastor offers work,
housing and a telephone number that is answered.</li></ol><blockquote><p>We are not here to arrest you. We are here to
ask you to live.</p></blockquote><h3>What it costs</h3><table><thead><tr><th>Part</th><th align="right">Hours a
month</th></tr></thead><tbody><tr><td>Preparing the list</td><td align="right">24</td></tr><tr><td>The
evening</td><td align="right">9</td></tr></tbody></table><p>The letter we send:
<a href="https://highpoint.example/letter">highpoint.example/letter</a></p>"""
MARKDOWN = "Nine in ten shootings came from fewer than fifty people.\n\n## How an evening goes\n\n1. Each is invited."

UP = Lineage(
    "Calling in the most violent few",
    "/items/1",
    HIGH_POINT,
    "High Point, North Carolina",
    updated=NOW - 300 * DAY,
    changed_since=True,
)
DOWN = (
    Lineage(
        "The call-in, with a mayor in the room",
        "/items/2",
        FORT_WAYNE,
        "Fort Wayne, Indiana",
        kept="The evening itself, and that a pastor speaks before the police.",
        changed="The mayor opens it. We hold it in the library, not in a court.",
        why="Our court building is across the river, and nobody without a car would come.",
        stage="running",
        results="Gun homicides in the area fell from 31 to 19 in the first year; one neighbouring area rose by two.",
        updated=NOW - 40 * DAY,
        changed_since=False,
    ),
    Lineage(
        "Talking first: Inkster’s version",
        None,
        INKSTER,
        "Inkster, Michigan",
        changed="Schools choose whom to invite.",
        stage="adapting",
        updated=NOW - 12 * DAY,
    ),
)
ITEM: dict[str, Any] = {
    "trusted": TRUSTED,
    "write_url": "/messages/new?to=x",
    "title": "Calling in the most violent few",
    "kind": "method",
    "domain": "public-safety/gun-violence",
    "language": "en",
    "version": "second edition",
    "summary": "Police, pastors and families speak to the few who do most of the harm: help on one side of the table, "
    "consequences on the other.",
    "license": "CC-BY-4.0",
    "practice": HIGH_POINT,
    "place": "High Point, North Carolina",
    "content": CONTENT,
    "principle": "Most violence is done by very few people, who can be named and spoken to. Certainty and respect work "
    "better than severity.",
    "local_conditions": "A police chief and pastors who trusted each other before it began.\n\nA district attorney "
    "willing not to file.",
    "evidence": "Violent crime fell by 47 % over six years (city records). No comparison group.",
    "contact": "Major, Vice and Narcotics, High Point Police: +1 336 555 0100\nPastor: through this node",
    "review_by": "2027-05-01",
    "review_lapsed": False,
    "published": NOW - 300 * DAY,
    "updated": NOW - 4 * DAY,
    "languages": Languages(
        (Other("es", "Llamar a los pocos más violentos", "/items/9", FORT_WAYNE, "unverified"),), "", "/items/9", "es"
    ),
    "versions_url": "/items/1/versions",
    "problem": "Shootings between a few dozen people, which nobody could stop one arrest at a time.",
    "involved": "Police, district attorney, pastors, and families who lost somebody.",
    "cost": "A coordinator half time; no new money for police (2006).",
    "measure": "Shootings a month, against the three years before.",
    "stewards": "Coordinator of violence reduction",
    "provenance": OURS,
    "local": True,
    "kept": "",
    "changed": "",
    "why": "",
    "coach": "",
    "lineage_url": "/items/01J/lineage",
    "course": (),
    "came_back": BACK,
    "stage": "",
    "results": "",
    "adapted_from": (),
    "adaptations": DOWN,
    "crossings": None,
    "seen_as": "",
    "readers": (),
    "here_plain": "/items/1",
    "recommended_by": (FORT_WAYNE,),
    "acts": Acts(
        "/items/1/adapt", "/items/1/edit", "/items/1/withdraw", "/items/1/recommend", credit_url="/items/1/credit"
    ),
    "attachments": (Ref("The letter we send (PDF)", "/files/1"),),
    "address": "https://highpoint.example/items/01jzv8xk3m9q2f7r5t1w4y6b8c",
}
ADAPTED = {
    **ITEM,
    "title": "The call-in, with a mayor in the room",
    "kind": "adaptation",
    "practice": FORT_WAYNE,
    "place": "Fort Wayne, Indiana",
    "review_by": "2026-01-31",
    "review_lapsed": True,
    "provenance": THEIRS,
    "local": False,
    "kept": DOWN[0].kept,
    "changed": DOWN[0].changed,
    "why": DOWN[0].why,
    "coach": "Safe streets High Point",
    "stage": "running",
    "results": DOWN[0].results,
    "adapted_from": (UP,),
    "adaptations": (),
    "crossings": None,
    "course": OWN_COURSE,
    "came_back": (),
    "acts": Acts("/items/new?adapts=1", report_url="/items/1/progress", coach_url="/items/1/coach"),
}
BARE_ITEM = {
    **ITEM,
    **dict.fromkeys(
        ("summary", "license", "domain", "place", "version", "principle", "local_conditions", "evidence", "contact"), ""
    ),
    "content": "",
    "review_by": None,
    "updated": ITEM["published"],
    "languages": Languages(credit="withdrawn", missing="es"),
    **dict.fromkeys(("problem", "involved", "cost", "measure", "stewards"), ""),
    "adaptations": (),
    "course": (),
    "came_back": (),
    "crossings": None,
    "recommended_by": (),
    "attachments": (),
    "acts": Acts(),
    "provenance": Provenance("Somebody", "elsewhere.example", "origin", held_since=NOW),
    "local": False,
}

_FIRST = Written(title="Call-ins", content="We speak to them.", license="all-rights-reserved", language="en")
_THEN = msgspec.structs.replace(_FIRST, title="Calling in", content="We speak to them & help.", license="CC-BY-4.0")
_STATES = [
    versions.State(2, NOW, "second edition", b"2" * 32, _THEN),
    versions.State(1, NOW - DAY, "", b"1" * 32, _FIRST),
]
VERSIONS: dict[str, Any] = {
    "title": "Calling in", "language": "en", "item_url": "/items/1", "local": True, "page": ONE_PAGE,
    "steps": versions.steps(_STATES),
}  # fmt: skip

_KEPT = {"id": "k1", "title": "First hour after a shooting", "changed": NOW - DAY, "practice_name": "Safe streets"}
KEPT_ITEMS: dict[str, Any] = {
    "drafts": ({**_KEPT, "audience": "draft"}, {**_KEPT, "title": "", "audience": "draft"}),
    "shared": ({**_KEPT, "audience": "node"},), "page": ONE_PAGE, "audiences": AUDIENCES,
}  # fmt: skip
KEPT_ITEM: dict[str, Any] = {
    **ITEM, "id": "k1", "audience": "practice", "practice": "Safe streets", "audiences": AUDIENCES, "changes": True,
}  # fmt: skip

DOMAINS = tuple(words.DOMAINS.items())
OPTIONS = {
    "kinds": tuple(words.KINDS.items()),
    "languages": tuple(words.LANGUAGES.items()),
    "licenses": tuple(words.LICENSES.items()),
    "stages": tuple(words.STAGES.items()),
}


def filled() -> Form:
    form = Form(
        {
            "title": "Calling in the most violent few",
            "kind": "method",
            "language": "en",
            "content": MARKDOWN,
            "review_by": "next spring",
            "slug": "safe streets",
            "address": "highpoint",
            "name": "Safe streets",
            "level": "city",
            "domain": "public-safety",
        }
    )
    form.line("contact", "People to call", required=True)
    form.day("review_by", "Review by")
    form.slug("slug", "Short name for its address")
    form.wrong("address", "Address", "Nothing answered there. Is it spelled as they gave it to you?")
    return form


def item_form(form: Form, **changes: Any) -> dict[str, Any]:
    view: dict[str, Any] = {
        "heading": "Publish an item",
        "action": "/items/new",
        "button": "Publish",
        "cancel_url": "/",
        "form": form,
        "practices": (("/practices/safe-streets", "Safe streets High Point"), ("/practices/schools", "Schools")),
        "original": None,
        "editing": False,
        "translating": False,
        "audiences": (("public", "Everybody"), ("practice", "The members of the practice")),
        "may_draft": True,
        "more": True,
        "preview": "",
        **OPTIONS,
    }
    return {**view, **changes}


PRACTICE: dict[str, Any] = {
    "name": "Safe streets High Point",
    "summary": "Fewer people shot in High Point: those who do the harm, those who suffer it and those who police it, "
    "learning together what works here.",
    "domain": "public-safety/gun-violence",
    "level": "city",
    "place": "High Point, North Carolina",
    "parents": (Ref(SITE.name, "/"), Ref("SafeCities", "https://safecities.example/practices/safecities")),
    "local": True,
    "address": "@safe-streets@highpoint.example",
    "provenance": None,
    "state": None,
    "cards": CARDS,
    "page": ONE_PAGE,
    "publish_url": "/items/new?practice=safe-streets",
    "edit_url": "/practices/safe-streets/describe",
    "split_url": "/practices/safe-streets/split",
    "history_url": "/practices/safe-streets/history",
    "mend_url": "/practices/safe-streets/members",
    "follow_url": None,
    "feed_url": "/x/feed",
    "scope_in": "Shootings, and what leads to them.",
    "scope_out": "Burglary: ask the police department.",
    "parts": (),
    "warning": "One person alone coordinates it.",
    "coordinated": True,
    "keepers": ({"id": "m1", "name": "Marty Sumner", "role": "coordinator", "since": 1},),
    "role_words": ROLES,
    "belonging": {},
    "trusted": TRUSTED,
}
LINES = (
    PracticeLine(
        HIGH_POINT.name,
        "/practices/safe-streets",
        "public-safety/gun-violence",
        "city",
        "High Point, North Carolina",
        "Fewer people shot: those who do the harm, those who suffer it and those who police it, learning together.",
    ),
    PracticeLine("Housing first", "/practices/housing", "housing", "neighbourhood", "Southside", ""),
)
CHOICES = (
    Choice("Public safety", "/catalog?domain=public-safety", 211, True),
    Choice("Education", "/catalog?domain=education", 41),
    Choice("Economic development", "/catalog?domain=economic-development", 9),
)
FACETS = (
    Facet("Domain", CHOICES, "/catalog"),
    Facet(
        "Kind", (Choice("Method", "/catalog?kind=method", 120), Choice("Story", "/catalog?kind=story", 3)), "/catalog"
    ),
    Facet("Practice", (Choice("Safe streets High Point", "/catalog?practice=1", 12),), "/catalog"),
)
GONE: dict[str, tuple[str, dict[str, Any], bool]] = {
    "tombstone": (
        "tombstone.html",
        {
            "title": "Design of local gun-possession laws",
            "practice": FORT_WAYNE,
            "withdrawn": NOW - 3 * DAY,
            "reason": "The law it describes was repealed.",
            "published": NOW - 300 * DAY,
            "provenance": THEIRS,
            "address": ITEM["address"],
            "adaptations": DOWN,
            "lineage_url": "/items/1/lineage",
        },
        False,
    ),
}
