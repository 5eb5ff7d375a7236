"""What each page might have to show: rich (SafeCities' facts), empty, and hostile (every word is an attack)."""

from typing import Any

import msgspec

from node.coalition.settling.rules import STEPS
from node.web import words
from node.web.forms import Form
from node.web.things import (
    Alert,
    Check,
    Choice,
    Connection,
    KeyLine,
    Original,
    Peer,
    Refused,
    State,
)
from tests.web import (
    sample_crossings,
    sample_facts,
    sample_imports,
    sample_lineage,
    sample_messages,
    sample_people,
    sample_practices,
    sample_settings,
    sample_trust,
)
from tests.web.sample_facts import (
    ADAPTED,
    BARE_ITEM,
    BROKEN,
    CARDS,
    CHOICES,
    CONTENT,
    DAY,
    DOMAINS,
    FACETS,
    FORT_WAYNE,
    GOOD,
    ITEM,
    KEPT_ITEM,
    KEPT_ITEMS,
    LINES,
    NO_PAGE,
    NOW,
    PAGE,
    PRACTICE,
    PRINT,
    THEIRS,
    VERSIONS,
    card,
    filled,
    item_form,
)
from tests.web.sample_facts import SITE as SITE
from tests.web.sample_practices import QUESTION
from tests.web.sample_search import BUILDING, KEPT, NONE_KEPT, SORTS

# name -> (template, view, signed in)
RICH: dict[str, tuple[str, dict[str, Any], bool]] = {
    "front": (
        "front.html",
        {
            "about": "Police, pastors, hospital workers and families who want fewer people shot in High Point. We keep "
            "what we have learned here, so that you need not begin at the beginning.",
            "practices": LINES,
            "latest": CARDS,
            "domains": CHOICES,
            "places": (Choice("Fort Wayne, Indiana", "/catalog?place=fw", 3), Choice("Inkster", "/catalog?q=i", 2)),
            "next_step": "",
        },
        False,
    ),
    "practice": ("practice.html", {**PRACTICE, "parts": LINES}, True),
    "practice-remote": (
        "practice.html",
        {
            **PRACTICE,
            "local": False,
            "name": FORT_WAYNE.name,
            "provenance": THEIRS,
            "state": BROKEN,
            "publish_url": None,
            "edit_url": None,
            "page": PAGE,
        },
        True,
    ),
    "searches": ("searches.html", KEPT, True),
    "catalog": (
        "catalog.html",
        {
            "q": "violence",
            "kept": (("domain", "public-safety"),),
            "facets": FACETS,
            "cards": CARDS,
            "page": PAGE,
            "total": 271,
            "sorts": SORTS,
            "note": BUILDING,
            "keep_url": "/me/searches?q=violence",
            "words_url": "/catalog?q=violence",
            "table_url": "/catalog.csv?q=violence",
            "narrowed": True,
            "clear_url": "/catalog",
        },
        False,
    ),
    "item": ("item.html", ITEM, True),
    "item-carried": ("item.html", {**ITEM, "crossings": sample_crossings.SECTION}, True),
    "item-adaptation": ("item.html", ADAPTED, False),
    "kept": ("kept.html", KEPT_ITEMS, True),
    "kept-item": ("kept_item.html", KEPT_ITEM, True),
    "item-seen": (
        "item.html",
        {**ITEM, "seen_as": "Fort Wayne", "readers": ({"host": "fw.example", "name": "Fort Wayne"},)},
        True,
    ),
    "item-versions": ("item_versions.html", VERSIONS, True),
    "translation-form": (
        "item_form.html",
        item_form(
            Form({"title": "Calling in the most violent few"}),
            heading="Translate an item",
            translating=True,
            more=False,
            button="Publish the translation",
            original=Original(card(1), CONTENT, ITEM["principle"], ITEM["local_conditions"], THEIRS),
        ),
        True,
    ),
    "item-form": ("item_form.html", item_form(filled()), True),
    "adaptation-form": (
        "item_form.html",
        item_form(
            Form({"title": "The call-in, with a mayor in the room", "stage": "adapting"}),
            heading="Adapt “Calling in the most violent few”",
            button="Publish the adaptation",
            practices=(("/practices/safecity", "Fort Wayne SafeCity"),),
            original=Original(card(1), CONTENT, ITEM["principle"], ITEM["local_conditions"], THEIRS),
            preview=CONTENT,
        ),
        True,
    ),
    "practice-form": (
        "practice_form.html",
        {
            "heading": "Open a practice",
            "action": "/practices/new",
            "button": "Open it",
            "cancel_url": "/",
            "form": filled(),
            "domains": DOMAINS,
            "levels": tuple(words.LEVELS.items()),
            "parents": (("https://highpoint.example/practices/housing", "Housing"),),
            "host": "highpoint.example",
        },
        True,
    ),
    "connections": (
        "connections.html",
        {
            "form": filled(),
            "questions": (QUESTION,),
            "follows": (
                Connection(
                    "Fort Wayne SafeCity",
                    "@safecity@fortwayne.example",
                    BROKEN,
                    "/practices/fw",
                    "Practice: public safety, gun violence",
                    "/connections/again",
                    "/connections/end",
                ),
                Connection("SafeCities", "safecities.example", GOOD, None, "The whole node", None, "/connections/end"),
                Connection(
                    "Detroit Ceasefire",
                    "@ceasefire@detroit.example",
                    State("Asked", "wait", "They have not answered yet.", NOW - DAY),
                    again_url="/connections/again",
                    end_url="/connections/end",
                ),
            ),
            "followers": (Connection("Inkster United for Youth", "inkster.example", GOOD, end_url="/connections/end"),),
        },
        True,
    ),
    "operation": (
        "operation.html",
        {
            "checks": (
                Check("Database", State("Sound", "good", "Last backup 6 hours ago.")),
                Check("Clock", State("Right", "good", "40 milliseconds apart from three other nodes.")),
                Check("Disk", State("Filling", "wait", "12 days are left at this pace.", NOW - DAY)),
                Check(
                    "Certificate", State("Broken", "bad", "It ended on 1 May. Run your proxy’s renewal.", NOW - 6 * DAY)
                ),
            ),
            "alerts": (
                Alert(
                    "Inkster’s key has changed",
                    "It was not signed by the key we knew. Call them and compare before you accept it.",
                    "/operation/keys/inkster",
                    "Compare the two keys",
                    "/operation/again",
                ),
            ),
            "peers": (
                Peer("fortwayne.example", BROKEN, "Fort Wayne SafeCity", 31, NOW - 2 * DAY, NOW + 3_600_000),
                Peer("inkster.example", State("Well", "good"), "Inkster United for Youth", 0, NOW - 240_000),
            ),
            "owed": 31,
            "oldest_owed": NOW - 2 * DAY,
            "refused_here": sample_trust.REFUSED_HERE,
            "refusals": (Refused("old.example", "The document does not have the form its type demands.", NOW - DAY),),
            "keys": (KeyLine("Safe streets High Point", PRINT, NOW - 300 * DAY),),
            "root": KeyLine("Root", PRINT),
            "root_here": True,
            "version": "0.1.0",
            "checked": NOW,
        },
        True,
    ),
    "confirm": (
        "confirm.html",
        {
            "heading": "Withdraw “Calling in the most violent few”?",
            "question": "Everyone who holds this item will be told to stop showing it.",
            "lost": ("Its text and its two earlier versions, here and on 14 other nodes.", "Its place in searches."),
            "kept": ("The two adaptations that others made of it, with their credit to you.",),
            "action": "/items/1/withdraw",
            "button": "Withdraw it for everyone",
            "cancel_url": "/items/1",
            "fields": (("item", "1"),),
        },
        True,
    ),
    "sign-in": ("sign_in.html", {"form": Form(), "then": "/operation", "members": True, "passkeys": True}, False),
    **sample_people.RICH,
    **sample_imports.RICH,
    **sample_crossings.RICH,
    **sample_lineage.RICH,
    **sample_facts.GONE,
    **sample_trust.RICH,
    **sample_messages.RICH,
    **sample_settings.RICH,
    **sample_practices.RICH,
    "problem": (
        "problem.html",
        {"status": 404, "title": "There is nothing here that you may see.", "detail": ""},
        False,
    ),
}

EMPTY: dict[str, tuple[str, dict[str, Any], bool]] = {
    **sample_imports.EMPTY,
    **sample_crossings.EMPTY,
    **sample_lineage.EMPTY,
    **sample_trust.EMPTY,
    **sample_messages.EMPTY,
    "front-empty": (
        "front.html",
        {"about": "", "practices": (), "latest": (), "domains": (), "places": (), "next_step": STEPS["place"]},
        True,
    ),
    "practice-empty": (
        "practice.html",
        {
            **PRACTICE,
            **dict.fromkeys(("summary", "scope_in", "scope_out", "domain", "level", "place", "warning"), ""),
            "parents": (),
            "keepers": (),
            "coordinated": False,
            "cards": (),
            "page": NO_PAGE,
        },
        True,
    ),
    "catalog-empty": (
        "catalog.html",
        {
            "q": "",
            "kept": (),
            "total": 0,
            "facets": (),
            "sorts": (),
            "cards": (),
            "page": NO_PAGE,
            "note": None,
            "narrowed": False,
            "clear_url": "/catalog",
            "keep_url": "/me/searches?q=violence",
            "words_url": "/catalog",
            "table_url": "/catalog.csv",
        },
        True,
    ),
    "searches-empty": ("searches.html", NONE_KEPT, True),
    "catalog-none": (
        "catalog.html",
        {
            "q": "tram",
            "kept": (("kind", "tool"),),
            "total": 0,
            "facets": (),
            "sorts": (),
            "cards": (),
            "page": NO_PAGE,
            "note": None,
            "keep_url": "/me/searches?q=violence",
            "words_url": "/catalog?q=tram",
            "table_url": "/catalog.csv?q=tram",
            "narrowed": True,
            "clear_url": "/catalog",
        },
        False,
    ),
    "item-empty": ("item.html", BARE_ITEM, False),
    "tombstone-empty": (
        "tombstone.html",
        {
            "title": "",
            "practice": None,
            "withdrawn": NOW,
            "reason": "",
            "published": None,
            "provenance": None,
            "address": ITEM["address"],
            "adaptations": (),
            "lineage_url": "/items/1/lineage",
        },
        False,
    ),
    "coaching-none": ("coaching.html", {"requests": []}, True),
    "kept-none": ("kept.html", {**KEPT_ITEMS, "drafts": (), "shared": ()}, True),
    "item-versions-none": ("item_versions.html", {**VERSIONS, "steps": (), "local": False}, False),
    "item-form-empty": ("item_form.html", item_form(Form()), True),
    "connections-empty": ("connections.html", {"form": Form(), "questions": (), "follows": (), "followers": ()}, True),
    "operation-empty": (
        "operation.html",
        {
            "checks": (),
            "alerts": (),
            "peers": (),
            "owed": 0,
            "oldest_owed": None,
            "refused_here": (),
            "refusals": (),
            "keys": (),
            "root": None,
            "root_here": False,
            "version": "0.1.0",
            "checked": NOW,
        },
        True,
    ),
}

ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7777*7777}}<b>\u202e" + "x" * 200
_ATTACK_HTML = (
    ATTACK + "<style>*{display:none}</style><form action=/sign-out><button>free</button></form><svg/onload=alert(1)>"
)
_URLS = frozenset({"url", "home"})
# Words from a closed list, which a store gives and no stranger can write.
_CLOSED = frozenset({"tone", "verdict", "action", "cancel_url", "again_url", "end_url", "previous", "next", "all_url"})


def _poison(value: Any, name: str = "") -> Any:
    if isinstance(value, str):
        if name in _CLOSED or name.endswith("_url"):
            return value
        return "javascript:alert(1)" if name in _URLS else _ATTACK_HTML if name == "content" else ATTACK
    if isinstance(value, msgspec.Struct):
        changes = {field: _poison(getattr(value, field), field) for field in value.__struct_fields__}
        return msgspec.structs.replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(_poison(one, name) for one in value)
    if isinstance(value, Form):
        form = Form(dict.fromkeys(("title", "content", "address", "name", "summary", "contact"), ATTACK))
        form.wrong("title", ATTACK, ATTACK)
        return form
    return value


HOSTILE: dict[str, tuple[str, dict[str, Any], bool]] = {
    f"{name}-hostile": (template, {field: _poison(value, field) for field, value in view.items()}, signed_in)
    for name, (template, view, signed_in) in RICH.items()
}
ALL = {**RICH, **EMPTY, **HOSTILE}
