"""Messages as pages show them: Fort Wayne asks High Point, and somebody here asks for help."""

from typing import Any

from node.coalition.digests.pages import EVERY
from node.sentence import words
from node.web.forms import Form
from node.web.things import PageOf, Ref

_NOW = 1_778_148_000_000
_THEIRS: dict[str, Any] = {
    "id": "https://fortwayne.example/messages/1", "url": "/messages/thread?id=x",
    "said": "We want to try call-ins.\n\nWho sat at the table with you?", "who": "Fort Wayne SafeCity", "writer": "",
    "whom": "Safe streets High Point", "mine": False, "at": _NOW, "help": False, "closed": None, "reported": None,
    "away": True, "about": Ref("Calling in the most violent few", "/items/1"),
}  # fmt: skip
_OURS = {
    **_THEIRS, "id": "https://highpoint.example/messages/2", "said": "Pastors, and two mothers.", "mine": True,
    "who": "Safe streets High Point", "writer": "Marty Sumner", "whom": "Fort Wayne SafeCity", "about": None,
}  # fmt: skip
_HELP = {**_OURS, "help": True, "writer": "", "who": "Marty Sumner", "whom": "Ana Ruiz", "said": "A grant for vans?"}
_VOICES = [("member:1", words("I myself")), ("https://highpoint.example/practices/safe", "Safe streets High Point")]
_PAGE = PageOf(1, 2, 30, None, "/messages?page=2")
_HELPERS = ({"id": "ana", "name": "Ana Ruiz", "help": "grants and budgets"},)

LIST: dict[str, Any] = {
    "threads": [_THEIRS, _OURS, _HELP, {**_HELP, "closed": _NOW}], "page": _PAGE, "reported_url": "/messages/reported",
    "blocks": [{"owner": "member:1", "blocked": "https://spam.example/actor", "name": "Spam"}],
}  # fmt: skip
THREAD: dict[str, Any] = {
    "messages": [_THEIRS, _OURS, _HELP], "id": _THEIRS["id"], "form": Form(), "answers": _THEIRS["id"],
    "to": "https://fortwayne.example/practices/safecity", "voices": _VOICES, "voice": _VOICES[1][0],
}  # fmt: skip
FORM: dict[str, Any] = {
    "form": Form({"words": "We want to try this."}), "to": "https://x.example/actor", "name": "Fort Wayne SafeCity",
    "voices": _VOICES, "away": True, "about": _THEIRS["about"], "query": "to=x",
}  # fmt: skip
ASK: dict[str, Any] = {
    "form": Form(), "words": "A grant for vans", "practice": "", "helpers": _HELPERS, "asked": True,
    "practices": _VOICES[1:],
}  # fmt: skip

DIGEST: dict[str, Any] = {
    "form": Form({"every": "week"}), "due": _NOW, "every": list(EVERY.items()), "mail": True,
}  # fmt: skip
WHY: dict[str, Any] = {
    "form": Form({"words": "My brother was shot here.", "shown": "yes"}), "name": "Safe streets",
    "why_url": "/practices/safe/why", "home_url": "/practices/safe",
}  # fmt: skip

RICH: dict[str, tuple[str, dict[str, Any], bool]] = {
    "messages": ("messages.html", LIST, True),
    "message": ("message.html", THREAD, True),
    "message-new": ("message_form.html", FORM, True),
    "message-help": ("message_help.html", ASK, True),
    "digest": ("digest.html", DIGEST, True),
    "digest-end": ("digest_end.html", {"end_url": "/digest/x"}, False),
    "why": ("why.html", WHY, True),
    "messages-reported": ("messages_reported.html", {"messages": [_THEIRS]}, True),
}
EMPTY: dict[str, tuple[str, dict[str, Any], bool]] = {
    "messages-none": ("messages.html", {**LIST, "threads": [], "blocks": [], "reported_url": ""}, True),
    "message-nameless": ("message.html", {**THREAD, "voices": []}, True),
    "message-new-nameless": ("message_form.html", {**FORM, "voices": [], "about": None, "away": False}, True),
    "message-help-begun": ("message_help.html", {**ASK, "asked": False, "words": ""}, True),
    "message-help-nobody": ("message_help.html", {**ASK, "helpers": ()}, True),
    "digest-no-mail": ("digest.html", {**DIGEST, "due": None, "mail": False}, True),
    "digest-ended": ("digest_end.html", {"end_url": ""}, False),
    "messages-none-reported": ("messages_reported.html", {"messages": []}, True),
}
