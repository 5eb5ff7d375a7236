"""A sentence is its English text, and can be said again."""

import msgspec

from node.sentence import Sentence, count, say, words

SPANISH = {
    "{host} has {n} left.": "A {host} le quedan {n}.",
    "{number} item": "{number} elemento",
    "{number} items": "{number} elementos",
    "nothing": "nada",
    "They said {what}.": "Dijeron {what}.",
}


def again(sentence: Sentence) -> str:
    return sentence.again(
        lambda one, many, number: SPANISH[many if many and number != 1 else one],
        lambda value: f"{value:_}" if isinstance(value, int) else str(value),
    )


def test_it_is_its_english_text_for_whoever_reads_text() -> None:
    said = say("{host} has {n} left.", host="inkster.example", n=1204)
    assert said == "inkster.example has 1,204 left."
    assert msgspec.json.encode({"detail": said}, enc_hook=str) == b'{"detail":"inkster.example has 1,204 left."}'


def test_it_is_said_again_with_its_values_as_the_language_writes_them() -> None:
    assert again(say("{host} has {n} left.", host="inkster.example", n=1204)) == "A inkster.example le quedan 1_204."
    assert again(count("{number} item", "{number} items", 1)) == "1 elemento"
    assert again(count("{number} item", "{number} items", 2_000)) == "2_000 elementos"
    assert count("{number} item", "{number} items", 0) == "0 items"


def test_a_sentence_within_a_sentence_is_said_again_too() -> None:
    assert again(say("They said {what}.", what=words("nothing"))) == "Dijeron nada."


def test_braces_in_a_value_are_a_value() -> None:
    assert say("They said {what}.", what="{host}") == "They said {host}."
    assert words("{not a value}") == "{not a value}"
