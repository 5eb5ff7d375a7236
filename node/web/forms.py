"""What a person typed, kept whatever happens: errors stand at their fields and nothing is lost.

A post must come from a page of this node: `Sec-Fetch-Site` and `Origin` are checked against the configured origin,
never against Host, and the form carries its session's token. Another site's post is refused; a page of ours that has
become stale (signed out, or signed in again elsewhere) gets its form back with the words still in it.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date

import msgspec
from aiohttp import web

from node.gate.door import Gate
from node.sentence import say, together
from node.web.problem import Refused, insist
from node.web.render import SHELL
from node.web.session import session_of, who_of
from protocol import identifiers, limits
from protocol.errors import Reason

TOKEN_FIELD = "form_token"  # noqa: S105 (the field's name, not a token)
_NEWLINES = re.compile(r"\r\n?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BREAK = re.compile("[\\t\\n\\r\\x85\\u2028\\u2029]")
_FIELDS = 100


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with one field; `field` is empty if it is the form's."""

    field: str
    label: str
    sentence: str


class Form:
    """One filled-in form: its values as typed, and what is wrong with them. Readers return the usable value."""

    def __init__(self, values: Mapping[str, str] | None = None, once: str = "") -> None:
        """once: the name of this one sending, for who_of(request, form.once)."""
        self._values = dict(values or {})
        self.once = once
        self.faults: list[Fault] = []
        self.offered: dict[str, list[tuple[str, str]]] = {}  # field → what may be meant by it: value, words

    @property
    def ok(self) -> bool:
        """Nothing is wrong (so far)."""
        return not self.faults

    @property
    def status(self) -> int:
        """200 for an empty form, 422 for one that comes back."""
        return 200 if self.ok else 422

    def value(self, name: str) -> str:
        """As typed, for showing it again."""
        return self._values.get(name, "")

    def begun(self, values: Mapping[str, str]) -> "Form":
        """The same with these values where nothing was typed."""
        form = Form({**values, **{name: value for name, value in self._values.items() if value}}, self.once)
        form.faults = list(self.faults)
        return form

    def fault(self, name: str) -> str:
        """What is wrong with this field, empty if nothing is."""
        return together(fault.sentence for fault in self.faults if fault.field == name)

    def wrong(self, name: str, label: str, sentence: str) -> None:
        """Say what is wrong with a field, or with the form if the name is empty."""
        self.faults.append(Fault(name, label, sentence))

    def text(self, name: str, label: str, *, required: bool = False, most: int = limits.TEXT_CHARACTERS) -> str:
        """Plain text, trimmed, with \\n line ends; at most `most` characters."""
        text = _CONTROL.sub("", _NEWLINES.sub("\n", self.value(name))).strip()
        if required and not text:
            self.wrong(name, label, say("Please fill this in."))
        elif len(text) > most:
            self.wrong(
                name, label, say("This has {length} characters; at most {most} fit.", length=len(text), most=most)
            )
        return text

    def line(self, name: str, label: str, *, required: bool = False, most: int = limits.NAME_CHARACTERS) -> str:
        """Text on one line."""
        return " ".join(self.text(name, label, required=required, most=most).split())

    def choice(self, name: str, label: str, options: Iterable[str], *, required: bool = True) -> str:
        """One of the options' values; empty if it is not required and not given."""
        value = self.value(name).strip()
        if not value and not required:
            return ""
        if value not in options:
            self.wrong(name, label, say("Please choose one of these."))
            return ""
        return value

    def number(self, name: str, label: str, least: int, most: int) -> int:
        """A whole number between these; `least` if it cannot be used."""
        text = self.line(name, label, required=True, most=20)
        if text and text.isascii() and text.isdigit() and least <= int(text) <= most:
            return int(text)
        if text:
            self.wrong(name, label, say("Please give a number from {least} to {most}.", least=least, most=most))
        return least

    def day(self, name: str, label: str, *, required: bool = False) -> str | None:
        """A date as YYYY-MM-DD."""
        text = self.line(name, label, required=required, most=40)
        if not text:
            return None
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            self.wrong(name, label, say("Please write the date as year-month-day, such as 2027-03-31."))
            return None

    def slug(self, name: str, label: str, *, required: bool = True, most: int = 64) -> str:
        """A word for an address: small letters, digits, inner hyphens, as on the wire."""
        text = self.line(name, label, required=required, most=most)
        if text and len(text) <= most and not identifiers.is_slug(text):
            self.wrong(name, label, say("Only small letters a to z, digits and hyphens inside, such as gun-violence."))
        return text


def is_plain(text: str, *, line: bool = False) -> bool:
    """Nothing in it that a form would have taken out: for words that came another way."""
    return not _CONTROL.search(text) and not (line and _BREAK.search(text))


def check_origin(request: web.Request) -> None:
    """Refuse a post that another site's page made. Both headers must agree where both are there; one must be."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    ours = request.app[SHELL].site().origin
    if (site is None and origin is None) or site not in (None, "same-origin", "none") or origin not in (None, ours):
        raise Refused(Reason.NOT_ALLOWED, say("This form was sent from another site, so nothing was done."))


async def read_act(request: web.Request) -> Form:
    """The posted form of an act that is nothing but its button: Refused if it cannot be taken as it is."""
    form = await read_form(request)
    if not form.ok:
        raise Refused(Reason.NOT_ALLOWED, together(fault.sentence for fault in form.faults))
    return form


async def carry_out(request: web.Request, gate: Gate, command: Callable[[Form], object]) -> None:
    """Read such a form and do what it asks, once, as whoever sent it; Refused if it cannot be done.

    command: made of the form after it was read, so that what is no form is refused as such.
    """
    form = await read_act(request)
    insist(await gate.perform(command(form), who_of(request, form.once)))


async def read_form(request: web.Request, *, signed_in: bool = True) -> Form:
    """The posted form. Raises Refused for another site's post or what is no form.

    Signed out, or with another session's token, the form has a fault: answer with the same page and its values.
    `signed_in=False` is for the sign-in form, whose sender has no session yet.
    """
    check_origin(request)
    # No form here has a file, so none is sent in parts: that reader, and its disk, are not for strangers.
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refused(Reason.WRONG_TYPE)
    # A codec is the sender's choice of our code, and some (punycode) take the square of their input's length.
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Refused(Reason.MALFORMED, say("A form is sent as UTF-8."))
    values: dict[str, str] = {}
    try:
        async with asyncio.timeout(limits.BODY_TIMEOUT / 1000):
            posted = await request.post()
    except TimeoutError:
        raise Refused(Reason.TOO_SLOW) from None
    except ValueError:
        raise Refused(Reason.MALFORMED, say("A form is sent as UTF-8.")) from None
    for name, value in posted.items():
        if len(values) >= _FIELDS:
            raise Refused(Reason.PAGE_LIMIT)
        if isinstance(value, str):
            values.setdefault(name, value)
    session = session_of(request)
    once = session.wish(values.pop(TOKEN_FIELD, ""))
    form = Form(values, once or "")
    if signed_in and not session.signed_in:
        form.wrong(
            "", "", say("You have been signed out. Sign in in a second window, then press the button here again.")
        )
    elif signed_in and once is None:
        form.wrong("", "", say("This page was older than your sign-in. Please press the button once more."))
    return form
