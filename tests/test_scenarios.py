"""The demo's facts: complete, usable as they stand, and with no figure that the source does not give."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.repertoire.composing import Written
from protocol.identifiers import is_slug
from protocol.vocabulary.repertoire import KINDS, STAGES

SCENARIOS = Path(__file__).resolve().parent.parent / "node" / "scenarios"
SAFECITIES: dict[str, Any] = tomllib.loads((SCENARIOS / "safecities.toml").read_text(encoding="utf-8"))
COALITIONS: list[dict[str, Any]] = SAFECITIES["coalitions"]
BY_KEY = {each["key"]: each for each in COALITIONS}
FIRST_SIX = ("principle", "local_conditions", "evidence", "contact", "license", "review_by")


def test_three_coalitions_and_their_source() -> None:
    assert list(BY_KEY) == ["high-point", "fort-wayne", "inkster"]
    assert SAFECITIES["scenario"]["doi"] == "10.1007/978-1-84996-133-2_7"
    assert [each.get("adapts") for each in COALITIONS] == [None, "high-point", "high-point"]


@pytest.mark.parametrize("key", BY_KEY)
def test_an_item_is_complete(key: str) -> None:
    coalition = BY_KEY[key]
    item = msgspec.convert(coalition["item"], Written, strict=True)
    assert set(coalition["item"]) <= {field.name for field in msgspec.structs.fields(Written)}
    assert is_slug(coalition["practice"]["slug"])
    assert item.kind in KINDS
    assert item.domain == coalition["practice"]["domain"] == "public-safety/gun-violence"
    assert all(getattr(item, name).strip() for name in FIRST_SIX)
    assert SAFECITIES["scenario"]["doi"] in item.content
    if "adapts" in coalition:
        assert coalition["adapts"] in BY_KEY
        assert item.stage in STAGES
        assert all(getattr(item, name).strip() for name in ("kept", "changed", "why", "results"))


@pytest.mark.parametrize("key", BY_KEY)
def test_no_figure_is_invented(key: str) -> None:
    item = {name: text for name, text in BY_KEY[key]["item"].items() if name not in ("license", "review_by", "version")}
    text = " ".join(item.values()).replace(SAFECITIES["scenario"]["doi"], "").replace("(2010)", "")
    assert not re.findall(r"\d", text), "a figure stands in the text: the source gives none"
