"""Whatever the pages say can be said in each language: every message is translated, and none escapes translation."""

import re
import string

import msgspec
import pytest
from babel.messages.catalog import Message

from node.web import static, words
from node.web.language import LANGUAGES
from node.web.render import environment
from node.web.session import NOBODY, Session
from tests import translations

from . import samples
from .unsaid import bracketed, strings, unsaid

OTHERS = sorted(set(LANGUAGES) - {"en"})
BRACKETED = bracketed()


def _places(text: str) -> set[str]:
    """The names of the values in a message, in Python's form or the templates'."""
    named = {name for _, name, _, _ in string.Formatter().parse(text) if name} if "%(" not in text else set()
    return named | set(re.findall(r"%\((\w+)\)s", text))


def _pairs(message: Message) -> list[tuple[str, str]]:
    if isinstance(message.id, str):
        return [(message.id, str(message.string or ""))]
    return list(zip(message.id, message.string or ("", ""), strict=True))


@pytest.mark.parametrize("code", OTHERS)
def test_every_message_is_translated(code: str) -> None:
    """`make words` brings new messages into the catalogue; then they want words."""
    held = translations.read(code)
    assert not translations.missing(code), "run make words, and translate these"
    assert {message.id for message in held if message.id} == set(translations.messages()), "run make words"
    for message in held:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        for english, said in _pairs(message):
            assert said.strip(), english
            assert _places(said) == _places(english), english
            assert sorted(re.findall(r"<[^>]+>", said)) == sorted(re.findall(r"<[^>]+>", english)), english


@pytest.mark.parametrize("name", [*samples.RICH, *samples.EMPTY])
def test_no_page_says_what_no_translator_has_seen(name: str) -> None:
    template, view, signed_in = samples.ALL[name]
    site = msgspec.structs.replace(samples.SITE, origin="http://127.0.0.1:1")
    session = Session(True, b"0123456789abcdef", operator=True) if signed_in else NOBODY
    page = environment(static.load()).get_template(template).render(
        view, site=site, session=session, catalogue=BRACKETED, locale="en", tongues=LANGUAGES, zone="", here="/",
        now=samples.NOW, today="2026-05-03", path="/", said=words.SAID["saved"],
    )  # fmt: skip
    assert "⟦" in page
    assert not unsaid(page, strings([view, site]))
