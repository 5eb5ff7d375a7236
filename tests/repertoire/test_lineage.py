"""The tree of an item: which credit holds, the table, the picture; and what a new state says of those before it."""

import csv
import io
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from node.repertoire.adapting import crediting
from node.repertoire.lineage import drawing, tree
from node.repertoire.lineage.parts import Part
from protocol.vocabulary.adapting import MOST, Earlier, Progress
from protocol.vocabulary.repertoire import Item, Reference

DAY = 86_400_000
NOW = 1_780_000_000_000
ONE, TWO, FALSE = b"1" * 32, b"2" * 32, b"f" * 32


def part(name: str, day: int = 0, *adapted: tuple[str, bytes | None], **more: Any) -> Part:
    """An item whose state is ONE now and was TWO before."""
    fields: dict[str, Any] = {
        "id": name, "owner": f"{name}'s", "title": name.title(), "published": NOW + day * DAY,
        "updated": NOW + day * DAY,
        "states": frozenset({ONE, TWO}), "adapted": tuple(Reference(id, digest) for id, digest in adapted),
    }  # fmt: skip
    return Part(**(fields | more))


def credits_of(*parts: Part) -> dict[tuple[str, str], str]:
    return {(link.item, link.original): link.credit for link in tree.grow(parts).links}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((part("a"), part("b", 1, ("a", ONE))), {("b", "a"): "verified"}),
        ((part("a"), part("b", 1, ("a", TWO))), {("b", "a"): "verified"}),
        ((part("a"), part("b", 1, ("a", FALSE))), {("b", "a"): "unverified"}),
        ((part("a"), part("b", 1, ("a", None))), {("b", "a"): "unverified"}),
        ((part("b", 1, ("a", ONE)),), {("b", "a"): "absent"}),
        ((part("a", withdrawn=True), part("b", 1, ("a", ONE))), {("b", "a"): "verified"}),
        ((part("a", 0, ("a", ONE)),), {("a", "a"): "unverified"}),
        ((part("a", 0, ("b", ONE)), part("b", 1, ("a", ONE))), {("a", "b"): "unverified", ("b", "a"): "unverified"}),
        (
            (part("a", 0, ("c", ONE)), part("b", 1, ("a", ONE)), part("c", 2, ("b", ONE)), part("d", 3, ("c", ONE))),
            {("a", "c"): "unverified", ("b", "a"): "unverified", ("c", "b"): "unverified", ("d", "c"): "verified"},
        ),
        # What an original owes to what was made of it is no circle: it says so in a later state.
        (
            (part("a", credited=(Reference("b", ONE),)), part("b", 1, ("a", TWO))),
            {("a", "b"): "verified", ("b", "a"): "verified"},
        ),
        ((part("a"), part("b", 1, translated=(Reference("a", FALSE),))), {("b", "a"): "unverified"}),
        ((part("a", credited=(Reference("a", ONE),)),), {("a", "a"): "unverified"}),
    ],
    ids=[
        "the present state", "an earlier one", "a false digest", "no digest", "an original that is not here",
        "one that was withdrawn", "of itself", "two in a circle", "three in a circle, and one outside",
        "an original that credits its adaptation", "a translation of a state that never was", "a credit of itself",
    ],
)  # fmt: skip
def test_a_credit_holds_if_the_credited_say_so_and_nothing_leads_back(
    parts: tuple[Part, ...], expected: dict[tuple[str, str], str]
) -> None:
    assert credits_of(*parts) == expected


def test_the_table_is_the_same_whatever_the_order_in_which_its_parts_came() -> None:
    parts = [part("a"), part("b", 1, ("a", ONE), ("x", TWO)), part("c", 1, ("b", ONE)), part("=d", 2)]
    made = tree.as_csv(tree.grow(parts))
    assert made == tree.as_csv(tree.grow(parts[::-1]))
    head, *rows = csv.reader(io.StringIO(made.decode()))
    assert tuple(head) == tree.COLUMNS
    assert [(row[0], row[1], row[2], row[4]) for row in rows] == [
        ("a", "", "", ""),
        ("b", "adapted", "a", "verified"),
        ("b", "adapted", "x", "absent"),
        ("c", "adapted", "b", "verified"),
        ("'=d", "", "", ""),
    ]
    assert {row[14] for row in rows} == {"2026-05-28T20:26:40Z", "2026-05-29T20:26:40Z", "2026-05-30T20:26:40Z"}


def test_a_table_of_hostile_words_stays_a_table() -> None:
    words = '=HYPERLINK("http://x")\r\n"b",c'
    [row] = list(csv.reader(io.StringIO(tree.as_csv(tree.grow([part("a", title=words)])).decode(), newline="")))[1:]
    assert row[7] == "'" + words


def test_no_two_texts_of_a_large_picture_meet_and_its_time_runs_to_the_right() -> None:
    parts = [part("root")]
    for number in range(1, 200):
        parts.append(part(f"n{number:03}", number, (f"n{number // 3:03}" if number > 3 else "root", ONE)))
    picture = drawing.draw(tree.grow(parts))
    assert len(picture.dots) == 200
    heights = sorted(dot.y for dot in picture.dots)
    assert {second - first for first, second in pairwise(heights)} == {drawing.LINE}
    assert picture.height > heights[-1]
    at = {each.id: each.published for each in parts}
    by_time = sorted(picture.dots, key=lambda dot: at[dot.id])
    assert [dot.x for dot in by_time] == sorted(dot.x for dot in picture.dots)
    assert max(dot.x for dot in picture.dots) <= drawing.WIDTH - drawing.TEXT
    assert len(picture.lines) == 199
    below = {dot.id: dot.y for dot in picture.dots}
    assert all(below[line.link.original] < below[line.link.item] for line in picture.lines)


@pytest.mark.parametrize(
    ("parts", "dots", "lines"),
    [
        ((part("a"),), ["a"], []),
        ((part("b", 1, ("gone", ONE)),), ["gone", "b"], [("b", "gone")]),
        ((part("a", 0, ("b", ONE)), part("b", 1, ("a", ONE))), ["b", "a"], [("a", "b"), ("b", "a")]),
        # c owes a as well, as the lines between say already.
        (
            (part("a"), part("b", 1, ("a", ONE)), part("c", 2, ("b", ONE), credited=(Reference("a", ONE),))),
            ["a", "b", "c"],
            [("b", "a"), ("c", "b")],
        ),
        (
            (part("a", credited=(Reference("b", ONE),)), part("b", 1, ("a", ONE))),
            ["a", "b"],
            [("a", "b"), ("b", "a")],
        ),
    ],
    ids=["alone", "of what is not here", "a circle", "two hops", "a credit back"],
)
def test_everything_has_a_place(parts: tuple[Part, ...], dots: list[str], lines: list[tuple[str, str]]) -> None:
    picture = drawing.draw(tree.grow(parts))
    assert [dot.id for dot in picture.dots] == dots
    assert [(line.link.item, line.link.original) for line in picture.lines] == lines


# What a new state says


def item(name: str, *adapted: str, credits: tuple[str, ...] = (), **more: Any) -> Item:
    return Item(
        id=name, attributed_to="p", name=name, published=NOW, updated=NOW,
        adapted_from=tuple(Reference(id, ONE) for id in adapted),
        credits=tuple(Reference(id, TWO) for id in credits), **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("new", "originals", "expected"),
    [
        (item("b", "a"), [item("a")], []),
        (item("c", "b"), [item("b", "a")], ["a"]),
        (item("d", "c"), [item("c", "b", credits=("a",))], ["b", "a"]),
        (item("d", "c", "b"), [item("c", "b", credits=("a",)), item("b", "a")], ["a"]),
        (item("b", "a"), [item("a", credits=("b", "z"))], ["z"]),
        (item("c", "t"), [item("t", translation_of=Reference("a", ONE))], ["a"]),
        (item("c", "b"), [item("b", translation_of=Reference("a"))], []),
    ],
    ids=["one hop", "two", "three", "two originals", "never itself", "by a translation", "no state is named"],
)
def test_credit_crosses_any_number_of_hops(new: Item, originals: list[Item], expected: list[str]) -> None:
    assert [owed.id for owed in crediting.inherited(new, originals)] == expected


def test_credit_is_bounded() -> None:
    many = item("b", credits=tuple(str(number) for number in range(300)))
    assert len(crediting.inherited(item("c", "b"), [many])) == MOST


def test_an_item_names_its_earlier_states_and_keeps_longest_what_others_rely_on() -> None:
    held = item("a", version="first")
    assert crediting.earlier(held, ONE, frozenset()) == (Earlier(ONE, NOW, "first"),)
    for number in range(300):
        states = crediting.earlier(held, number.to_bytes(32), frozenset({(7).to_bytes(32)}))
        held = msgspec.structs.replace(held, earlier=states)
    assert len(held.earlier) == MOST
    assert held.earlier[0].digest == (7).to_bytes(32)
    assert held.earlier[-1].digest == (299).to_bytes(32)
    assert len({one.digest for one in held.earlier}) == MOST


@pytest.mark.parametrize(
    ("stage", "held", "expected"),
    [
        ("", None, []),
        ("considering", None, [("2026-05-28", "considering")]),
        ("running", item("a", stage="adapting"), [("2026-05-28", "running")]),
        ("adapting", item("a", stage="adapting", progress=(Progress("2026-01-01", "adapting"),)),
         [("2026-01-01", "adapting")]),
        ("", item("a", progress=(Progress("2026-01-01", "result", "Fewer."),)), [("2026-01-01", "result")]),
    ],
    ids=["none", "at first", "another", "the same", "unsaid"],
)  # fmt: skip
def test_a_stage_has_its_day(stage: str, held: Item | None, expected: list[tuple[str, str]]) -> None:
    found = crediting.staged(item("a", stage=stage), held, NOW)
    assert [(one.on, one.what) for one in found] == expected


@pytest.mark.parametrize(
    ("told", "stage"),
    [
        ([], ""),
        ([("2026-03-01", "running"), ("2026-02-01", "visited")], "running"),
        ([("2026-02-01", "visited"), ("2026-02-01", "adapting")], "adapting"),
        ([("2026-02-01", "running"), ("2026-03-01", "result")], "running"),
    ],
)
def test_the_stage_is_what_was_reached_last(told: list[tuple[str, str]], stage: str) -> None:
    assert crediting.stage_of(Progress(on, what) for on, what in told) == stage
