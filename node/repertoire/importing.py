"""Repertoire items out of a table: the columns of an item, and how a row is published and withdrawn again."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from node.coalition.importing.kinds import (
    Cell,
    Field,
    Kind,
    Practices,
    Values,
    Wish,
    day,
    line,
    one_of,
    practice,
    prose,
)
from node.folding import fold
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.repertoire import composing, rules, views
from node.repertoire.composing import Written
from node.sentence import Sentence, say, words
from node.storage.contract import Reads
from node.web import words as web_words
from protocol.vocabulary.repertoire import is_language

_KINDS = MappingProxyType({code: said for code, said in web_words.KINDS.items() if code != "adaptation"})
_KINDS_ALSO = MappingProxyType(
    {
        "herramienta": "tool", "marco": "framework", "metodo": "method", "historia": "story", "relato": "story",
        "leccion": "lesson", "leccion aprendida": "lesson", "lesson learned": "lesson", "manual": "manual",
        "referencia": "reference", "actas": "proceedings",
    }
)  # fmt: skip
_LANGUAGES_ALSO = MappingProxyType(
    {
        fold(each): code
        for code, said in (*web_words.LANGUAGES.items(), ("en", "English"), ("en", "inglés"), ("es", "Spanish"),
                           ("es", "español"), ("es", "castellano"), ("fr", "French"), ("fr", "francés"))
        for each in (code, said)
    }
)  # fmt: skip


def _language(text: str, _practices: Practices) -> Cell:
    code = _LANGUAGES_ALSO.get(fold(text), text)
    if not is_language(code):
        return Cell(wrong=say("“{text}” is not the code of a language, such as en, es or pt-BR.", text=text[:40]))
    return Cell(code)


def items(desk: Desk) -> Kind:
    """Items, each published by a practice of ours."""

    def written(values: Values) -> Written:
        texts = {name: text for name, text in values.items() if name != "practice"}
        usual = {"kind": texts["kind"] or "method", "language": texts["language"] or desk.language}
        return msgspec.convert({**texts, **usual}, Written)

    def check(values: Values) -> Sentence | None:
        why = composing.fault(written(values))
        return why if isinstance(why, Sentence) else None  # empty, where nothing is wrong

    def same(values: Values) -> tuple[str, ...]:
        return (f"{values['practice']} {fold(values['title'])}",)

    def here(reads: Reads, keys: frozenset[str]) -> frozenset[str]:
        found = reads.all("SELECT owner, name FROM item WHERE local = 1 AND withdrawn IS NULL")
        return keys & {f"{row['owner']} {fold(row['name'])}" for row in found}

    async def make(wish: Wish, who: Who) -> Outcome:
        item = await asyncio.to_thread(
            composing.compose, written(wish.values), wish.subject, wish.values["practice"]
        )  # fmt: skip
        return await desk.gate.perform(rules.PublishItem(item, desk.origin.at(f"/activities/{wish.id}")), who)

    async def take(subject: str, _was: str, who: Who) -> Outcome:
        """Only while the state that the import published is the one that stands."""
        first = desk.origin.at(f"/activities/{subject.rpartition('/')[2]}")
        return await desk.gate.perform(rules.WithdrawItem(subject, desk.new("activities"), first), who)

    def named(reads: Reads, subjects: tuple[str, ...]) -> Mapping[str, str]:
        found = {id: reads.one("SELECT name FROM item WHERE id = :id AND withdrawn IS NULL", id=id) for id in subjects}
        return {id: row["name"] for id, row in found.items() if row is not None}

    return Kind(
        "items",
        words("Items"),
        words("Methods, lessons, stories and tools. Each is published, signed by its practice, for everyone to read."),
        (
            Field("title", words("Title"), line(), ("name", "titulo", "nombre"), True, "First hour after a shooting"),
            Field("content", words("Text"), prose(100_000), ("content", "body", "description", "texto", "contenido",
                  "descripcion"), True, "Who calls whom, and what is said first."),
            Field("practice", words("Practice"), practice, ("practica", "community", "comunidad"), True,
                  "Gun violence response"),
            Field("kind", words("Kind"), one_of(_KINDS, _KINDS_ALSO), ("type", "tipo", "clase"), example="method"),
            Field("language", words("Language"), _language, ("idioma", "lengua"), example="en"),
            Field("summary", words("In one sentence"), line(1_000), ("summary", "abstract", "resumen"),
                  example="A call list and four sentences."),
            Field("principle", words("Principle"), prose(), ("principio",), example="Nobody hears it from the news."),
            Field("local_conditions", words("Local conditions"), prose(), ("conditions", "condiciones locales"),
                  example="One hospital, two languages."),
            Field("evidence", words("Evidence"), prose(), ("evidencia", "results", "resultados", "pruebas"),
                  example="Used eleven times since 2023."),
            Field("contact", words("People to call"), prose(), ("contact", "contacts", "contacto", "contactos"),
                  example="The practice's coordinator"),
            Field("license", words("Licence"), line(), ("license", "licencia"), True, "CC-BY-4.0"),
            Field("review_by", words("Review by"), day, ("review date", "revisar antes de", "fecha de revision"),
                  example="2027-03-31"),
            Field("version", words("Version"), line(60), ("version no", "edicion"), example="1"),
        ),
        check, same, here, lambda id, _values: desk.origin.at(f"/items/{id}"), make, lambda _values: "", take, named,
        lambda id: views.item_url(id, True),
    )  # fmt: skip
