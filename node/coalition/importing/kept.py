"""Sentences that wait in the database until somebody reads them, in whatever language that will be. Pure."""

from typing import Any

import msgspec

from node.sentence import Sentence, count, say


def keep(sentences: tuple[str, ...]) -> str:
    """As JSON: of a sentence its template and its values, of other text itself."""
    return msgspec.json.encode([_kept(each) for each in sentences], enc_hook=str).decode()


def read(text: str) -> tuple[str, ...]:
    """The sentences again."""
    return tuple(_said(each) for each in msgspec.json.decode(text)) if text else ()


def _kept(value: Any) -> Any:
    if isinstance(value, Sentence):
        values = {name: _kept(each) for name, each in value.values.items() if name != "number" or not value.many}
        return {"one": value.template, "many": value.many, "number": value.number, "values": values}
    return value if isinstance(value, int) else str(value)


def _said(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    known: dict[str, Any] = value  # type: ignore[assignment]
    values = {name: _said(each) for name, each in known["values"].items()}
    one, many = known["one"], known["many"]
    return count(one, many, known["number"], **values) if many else say(one, **values)
