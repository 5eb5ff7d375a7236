"""A template and what it is to say become a page.

Everything is escaped; a name that the view does not have is an error, never an empty place; foreign HTML passes the
sanitiser here, in a filter, so that no template can forget it. Every page is private to who is signed in, and in its
reader's language, with dates of their time zone: sentences are said again as they are put in (node/web/language.py).
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from aiohttp import web
from jinja2.runtime import Context
from markupsafe import Markup, escape

from node.clock import Clock
from node.sentence import Sentence
from node.web import static, words
from node.web.language import LANGUAGES, Catalogue, choose
from node.web.markdown import is_link, plain_text, sanitise
from node.web.negotiate import VARY
from node.web.session import safe_path, session_of
from node.web.things import Site

_TEMPLATES = Path(__file__).parent / "templates"


class Shell(msgspec.Struct, frozen=True):
    """What every page stands in: this node as it is now, the time, the templates."""

    site: Callable[[], Site]
    clock: Clock
    environment: jinja2.Environment


SHELL: web.AppKey[Shell] = web.AppKey("shell", Shell)


def _time(form: tuple[str, str]) -> Markup:
    machine, said = form
    return Markup('<time datetime="{}">{}</time>').format(machine, said) if machine else escape(said)


@jinja2.pass_context
def _day(context: Context, ms: int) -> Markup:
    return _time(words.day(ms, context["locale"], context["zone"]))


@jinja2.pass_context
def _moment(context: Context, ms: int) -> Markup:
    return _time(words.moment(ms, context["locale"], context["zone"]))


@jinja2.pass_context
def _date(context: Context, text: str) -> Markup:
    return _time(words.calendar_day(text, context["locale"]))


def _breakable(address: str) -> Markup:
    """An address that breaks where it is read in parts; copying it copies no break."""
    return Markup("<wbr>").join(part for part in re.split(r"(?<=.)(?=[@/])", address) if part)


@jinja2.pass_context
def _ago(context: Context, ms: int) -> Markup:
    machine, _ = words.moment(ms)
    return _time((machine, words.relative(ms, context["now"], context["locale"])))


@jinja2.pass_context
def _domain(context: Context, path: str) -> Markup:
    """A domain path in words; the mark between its parts is not read out."""
    between = Markup(' <span aria-hidden="true">›</span> ')
    return between.join(context["catalogue"].say(part) for part in words.domain(path))


def _word(find: Callable[[str], str]) -> Callable[[Context, str], str]:
    """A filter from a code to its word in the reader's language."""

    @jinja2.pass_context
    def said(context: Context, code: str) -> str:
        return context["catalogue"].say(find(code))

    return said


@jinja2.pass_context
def _said(context: Context, text: str) -> str:
    """A sentence that came as text, from the table of reasons or out of the database, in the reader's language."""
    return context["catalogue"].say(text)


@jinja2.pass_context
def _finalize(context: Context, value: Any) -> Any:
    return context["catalogue"].say(value) if isinstance(value, Sentence) else value


@jinja2.pass_context
def _gettext(context: Context, message: str) -> str:
    return context["catalogue"].words(message)


@jinja2.pass_context
def _ngettext(context: Context, one: str, many: str, number: int) -> str:
    return context["catalogue"].words(one, many, number)


@jinja2.pass_context
def _number(context: Context, number: int) -> str:
    return context["catalogue"].spoken(number)


def _prose(text: str) -> Markup:
    """Plain text in paragraphs, its line breaks kept."""
    paragraphs = [part.strip() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    lines = [Markup("<br>").join(part.split("\n")) for part in paragraphs]
    return Markup("").join(Markup("<p>{}</p>\n").format(line) for line in lines)


def _rich(html: str) -> Markup:
    """Received HTML through the allow-list."""
    return Markup(sanitise(html))  # noqa: S704 (sanitise is the one maker of HTML from strangers' text)


def _href(url: str | None) -> str:
    """A URL as a link target: http(s), or a path of this node. All else is empty, and is then not linked."""
    return url if url and (_is_web(url) or safe_path(url, "")) else ""


def _web_link(url: str | None) -> str:
    """A URL from another node's document: http(s) or empty."""
    return url if url and _is_web(url) else ""


def _is_web(url: str) -> bool:
    return is_link(url) and url[:4].lower() == "http"


def environment(files: static.Files) -> jinja2.Environment:
    """The templates with their filters."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
        finalize=_finalize,
    )
    made.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    filters: dict[str, Any] = {
        "day": _day,
        "moment": _moment,
        "date": _date,
        "ago": _ago,
        "domain": _domain,
        "level": _word(words.level),
        "kind": _word(words.kind),
        "stage": _word(words.stage),
        "language": words.language,
        "license": _word(words.license_words),
        "said": _said,
        "number": _number,
        "breakable": _breakable,
        "prose": _prose,
        "rich": _rich,
        "plain": plain_text,
        "href": _href,
        "web_link": _web_link,
    }
    names: dict[str, Any] = {"static": partial(static.address, files)}
    made.filters.update(filters)
    made.globals.update(names)
    return made


def fields(view: Mapping[str, Any] | msgspec.Struct) -> dict[str, Any]:
    """A view's fields by name, one level deep."""
    if isinstance(view, msgspec.Struct):
        return {name: getattr(view, name) for name in view.__struct_fields__}
    return dict(view)


def catalogue_of(request: web.Request) -> Catalogue:
    """The language of whoever asks."""
    return choose(request, session_of(request).language, request.app[SHELL].site().language)


def render(
    request: web.Request, template: str, view: Mapping[str, Any] | msgspec.Struct, status: int = 200
) -> web.Response:
    """The page. Its variables are the view's fields, and of every page `site`, `session`, `now`, `today`, `path`,
    `here`, `locale` and `said`."""
    shell = request.app[SHELL]
    session = session_of(request)
    now = shell.clock.now()
    site, looked = shell.site(), request.method in ("GET", "HEAD")
    catalogue = catalogue_of(request)
    body = shell.environment.get_template(template).render(
        fields(view),
        site=site,
        session=session,
        catalogue=catalogue,
        locale=catalogue.code,
        tongues=LANGUAGES,
        zone=session.time_zone,
        here=str(request.rel_url.without_query_params("said")) if looked and status < 400 else "/",
        now=now,
        today=words.day(now)[0][:10],
        path=request.path if looked else "",
        said=words.SAID.get(request.query.get("said", ""), ""),
    )
    response = web.Response(text=body, status=status, content_type="text/html", charset="utf-8")
    response.headers["Vary"] = f"{VARY}, Cookie, Accept-Language"
    response.headers["Content-Language"] = catalogue.code
    response.headers["Cache-Control"] = "private, no-store" if session.signed_in else "no-cache"
    return response
