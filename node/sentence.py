"""Sentences for people, said once in English and again in a reader's language where they are shown.

A sentence is its English text, so that logs, programs and tests read it as they read any other; it also keeps the
template and the values it was made of, from which the web shell makes the same sentence in another language. Here is
no language but English, no locale and no state.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any


class Sentence(str):
    """English text that can be said again in another language: `template` with `values` in its braces.

    `many` and `number`: the template of the plural, and the number that decides between them. Values that are
    sentences themselves are said again too; whole numbers are written as the language writes them. msgspec encodes no
    subclass of str by itself: give its encoder enc_hook=str.
    """

    template: str
    many: str
    number: int
    values: Mapping[str, Any]

    __slots__ = ("many", "number", "template", "values")

    def again(self, words: Callable[[str, str, int], str], spoken: Callable[[Any], str]) -> str:
        """In another language. words: (template, plural or "", number) → its template; spoken: of other values."""
        found = words(self.template, self.many, self.number)
        said = {
            name: value.again(words, spoken) if isinstance(value, Sentence) else spoken(value)
            for name, value in self.values.items()
        }
        return found.format(**said) if said else found  # braces in words without values are words


def say(template: str, /, **values: Any) -> Sentence:
    """`template`, a literal of the source, with {names} for values: never an f-string, which no translator has seen."""
    return _made(template, "", 0, values)


def count(one: str, many: str, number: int, /, **values: Any) -> Sentence:
    """`one` or `many` by the number, which is {number} in both: count("{number} item", "{number} items", 3)."""
    return _made(one, many, number, {**values, "number": number})


def words(text: str) -> Sentence:
    """A literal in a table of words, by which it is found for translators."""
    return _made(text, "", 0, {})


def stored(text: str) -> Sentence:
    """English that was a sentence before it was stored or sent: said again where a catalogue has it as a whole."""
    return _made(text, "", 0, {})


def together(parts: Iterable[str], between: str = " ") -> Sentence:
    """Several, one after the other."""
    values = {f"part{position}": part for position, part in enumerate(parts)}
    return _made(between.join(f"{{{name}}}" for name in values), "", 0, values)


def _made(template: str, many: str, number: int, values: Mapping[str, Any]) -> Sentence:
    chosen = many if many and number != 1 else template
    text = chosen.format(**{name: _english(value) for name, value in values.items()}) if values else chosen
    made = Sentence(text)
    made.template, made.many, made.number, made.values = template, many, number, values
    return made


def _english(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
