"""How words of each language are compared: cut, folded, and brought to their stem. Pure.

Every text is indexed twice: its words as they are, without accents, and the stems of its own language. Accents go, but
an ñ stays: año is not ano.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import tantivy

# By ISO 639-1, what the stemmers call them.
STEMMED: Mapping[str, str] = MappingProxyType(
    {
        "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
        "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian",
        "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
    }
)  # fmt: skip
# Words that say nothing alone ("the", "para"), which only these have lists of.
_STOPPED = frozenset(
    ("da", "de", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ru", "sv"),
)
_LONGEST = 40  # characters of a word; longer ones are no words
_ACCENTS = re.compile("[\u0300-\u0302\u0304-\u036f]|(?<![nN])\u0303")  # U+0303 is the tilde


def code_of(tag: str) -> str:
    """The language of a tag, if its words can be stemmed; else ''. `nb-NO` is Norwegian."""
    code = tag.lower().partition("-")[0]
    code = {"nb": "no", "nn": "no"}.get(code, code)
    return code if code in STEMMED else ""


def folded(text: str) -> str:
    """Without accents, but for the tilde of an ñ, which makes another letter of it."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", _ACCENTS.sub("", apart))


def _cut() -> tantivy.TextAnalyzerBuilder:
    words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    return words.filter(tantivy.Filter.remove_long(_LONGEST)).filter(tantivy.Filter.lowercase())


@lru_cache(maxsize=1)
def plain() -> tantivy.TextAnalyzer:
    """Words as they are, in small letters."""
    return _cut().build()


@lru_cache(maxsize=32)
def stems(code: str) -> tantivy.TextAnalyzer:
    """Stems of a language of STEMMED."""
    return _cut().filter(tantivy.Filter.stemmer(STEMMED[code])).build()


@lru_cache(maxsize=32)
def _telling(code: str) -> tantivy.TextAnalyzer:
    return _cut().filter(tantivy.Filter.stopword(STEMMED[code])).build()


def words(text: str) -> list[str]:
    """The words of a text, in their order, with their accents."""
    return plain().analyze(unicodedata.normalize("NFC", text))


def stem(word: str, code: str) -> str:
    """The stem of one word in a language of STEMMED; the word where it has none."""
    return next(iter(stems(code).analyze(word)), word)


def telling(found: list[str], languages: tuple[str, ...]) -> list[str]:
    """Without words that say nothing in any of these languages; all of them if none would be left."""
    for code in languages:
        if code in _STOPPED:
            left = [word for word in found if _telling(code).analyze(word)]
            found = left or found
    return found
