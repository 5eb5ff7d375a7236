"""What the settings' pages might have to show."""

from typing import Any

from node.coalition.settling.pages import SECURITIES
from node.coalition.settling.rules import STEPS, Reach, Welcome
from node.mail import Mailbox
from node.sentence import say
from node.web import words
from node.web.forms import Form
from node.web.language import LANGUAGES
from tests.web.sample_facts import NOW

_BOX = Mailbox("smtp.highpoint.example", 465, "tls", "office@highpoint.example", "office", "secret")
_AWAY = Reach(NOW, say("The name {host} is not known.", host="highpoint.example"))
_LINK = "https://highpoint.example/join/abcdefghijklmnopqrstuvwxyz012345"
_FORM = Form({"name": "High Point Together", "place": "Springfield", "port": "465"})


def _step(step: str, **more: Any) -> tuple[str, dict[str, Any], bool]:
    view: dict[str, Any] = {
        "step": step, "heading": STEPS[step], "number": 3, "steps": 7, "first_run": True, "form": _FORM,
        "speaks": list(LANGUAGES.items()), "domains": list(words.DOMAINS.items()), "cares": ("housing",),
        "reach": None, "mailbox": None, "securities": list(SECURITIES.items()), "coordinators": ["Marty", "Jim"],
        "link": "", "mailed": "", **more,
    }  # fmt: skip
    return "settings_step.html", view, True


def _which() -> Form:
    form = Form({"name": "Springfield Together", "place": "Springfield"})
    form.wrong("place", "Place", "There are several places of this name.")
    form.offered["place"] = [("1", "Springfield, Missouri, United States"), ("typed", "None of these")]
    return form


_LIST = {
    "steps": [(step, said, step != "second") for step, said in STEPS.items()], "practices": 0, "mail": True,
    "welcome": Welcome(), "reach": _AWAY,
}  # fmt: skip

RICH: dict[str, tuple[str, dict[str, Any], bool]] = {
    "first": ("first.html", {"then": "/first/x/you"}, False),
    "settings": ("settings.html", _LIST, True),
    "settings-done": (
        "settings.html",
        {**_LIST, "reach": Reach(NOW, ""), "mail": False, "welcome": Welcome(over=True), "practices": 2},
        True,
    ),
    "settings-place": _step("place"),
    "settings-place-which": _step("place", form=_which()),
    "settings-cares": _step("cares", first_run=False),
    "settings-reach": _step("reach"),
    "settings-reach-away": _step("reach", reach=_AWAY, mailbox=_BOX),
    "settings-second": _step(
        "second", link="https://highpoint.example/join/abcdefghijklmnopqrstuvwxyz012345", mailed="a@a.example"
    ),
    "settings-privacy": _step("privacy"),
}
