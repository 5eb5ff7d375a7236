"""Credit that is forged: said in another's name it is refused, and the log says why; said in one's own it is shown as
unverified, on every node alike.
"""

import csv
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from protocol import canonical
from protocol.canonical import digest_multibase
from protocol.identifiers import PUBLIC
from protocol.vocabulary import activities
from protocol.vocabulary.repertoire import Reference
from tests.security.kit import Scene

FALSE = digest_multibase(b"f" * 32)


async def _held(scene: Scene) -> str:
    """g1's item, as the scene was built."""
    return str((await scene.rows("SELECT id FROM item WHERE owner = :g1", g1=scene.g1.id))[0][0])


async def _credits(scene: Scene, id: str) -> dict[tuple[str, str], str]:
    status, text = await scene.town.page(f"/catalog/item/lineage.csv?id={quote(id, safe='')}")
    assert status == 200
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return {(row["item"], row["original"]): row["credit"] for row in rows if row["original"]}


def _reasons(told: Any) -> list[str]:
    return [str(one["reason"]) for one in told if one["event"] == "activity refused"]


def _adaptation(scene: Scene, actor: Any, original: str, digest: bytes | None, **more: Any) -> dict[str, Any]:
    return scene.item(actor, kind="adaptation", adapted_from=(Reference(original, digest),), **more)


def _update(scene: Scene, actor: Any, item: dict[str, Any]) -> dict[str, Any]:
    id = f"{actor.server.origin}/activities/{actor.slug}-{scene.number()}"
    return activities.update(id, actor.id, item, scene.now)


def _named(scene: Scene) -> dict[str, str]:
    return {"id": f"{scene.evil.origin}/items/1", "digestMultibase": FALSE}


Forged = Callable[[Scene, str], dict[str, Any]]
IN_ANOTHERS_NAME: dict[str, tuple[str, Forged]] = {
    "g1's method credits E": (
        "not-owner",
        lambda s, id: _update(s, s.e1, {**s.item(s.g1, id=id), "cw:credits": [_named(s)]}),
    ),
    "an adaptation that g1 is said to have made": (
        "not-owner", lambda s, id: s.create(s.e1, _adaptation(s, s.g1, f"{s.evil.origin}/items/1", b"f" * 32)),
    ),
    "a tombstone of g1's that names E": (
        "not-owner",
        lambda s, id: activities.delete(
            f"{s.evil.origin}/activities/x", s.e1.id, id, "Article", s.now, [PUBLIC],
            lineage={"cw:adaptedFrom": [_named(s)]},
        ),
    ),
    "a credit that is no reference": (
        "malformed", lambda s, id: s.create(s.e1, {**s.item(s.e1), "cw:credits": [7]}),
    ),
    "more credits than there can be": (
        "page-limit", lambda s, id: s.create(s.e1, {**s.item(s.e1), "cw:credits": [id] * 101}),
    ),
    "earlier states without a digest": (
        "malformed",
        lambda s, id: s.create(s.e1, {**s.item(s.e1), "cw:earlier": [{"updated": "2026-01-01T00:00:00Z"}]}),
    ),
    "a course of another form": (
        "malformed", lambda s, id: s.create(s.e1, {**s.item(s.e1), "cw:progress": [{"cw:on": "soon", "cw:what": "x"}]}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", IN_ANOTHERS_NAME)
async def test_what_is_forged_is_refused_and_the_log_says_why(scene: Scene, case: str) -> None:
    id, (reason, made) = await _held(scene), IN_ANOTHERS_NAME[case]
    with capture_logs() as told:
        async with scene.unchanged():
            got = await scene.push(scene.e1, made(scene, id))
            assert (got.status >= 400, got.reason) == (True, reason), got.body
    assert _reasons(told) == [reason]


async def test_going_back_is_not_followed_and_the_log_says_so(scene: Scene) -> None:
    id = await _held(scene)
    before = scene.signed(scene.g1, _update(scene, scene.g1, scene.item(scene.g1, id=id, name="Before")))
    assert (await scene.push(scene.g1, _update(scene, scene.g1, scene.item(scene.g1, id=id, name="Now")))).status == 202
    with capture_logs() as told:
        async with scene.unchanged():
            assert (await scene.push(scene.g1, before)).status == 202
    assert _reasons(told) == ["superseded"]


async def test_a_false_credit_of_ones_own_is_shown_as_unverified_until_it_is_put_right(scene: Scene) -> None:
    id = await _held(scene)
    [(raw,)] = await scene.rows(
        "SELECT a.raw FROM object o JOIN activity a ON a.id = o.activity WHERE o.id = :id", id=id
    )
    true = canonical.object_digest(canonical.read(raw).value["object"])
    claim = _adaptation(scene, scene.e1, id, b"f" * 32)
    assert (await scene.push(scene.e1, scene.create(scene.e1, claim))).status == 202
    assert await _credits(scene, id) == {(claim["id"], id): "unverified"}
    status, page = await scene.town.page(f"/catalog/item/lineage?id={quote(id, safe='')}", Accept="text/html")
    assert (status, "· unverified" in page) == (200, True)

    right = _adaptation(scene, scene.e1, id, true, id=claim["id"])
    assert (await scene.push(scene.e1, _update(scene, scene.e1, right))).status == 202
    assert await _credits(scene, id) == {(claim["id"], id): "verified"}


async def test_two_that_are_made_of_each_other_are_both_unverified(scene: Scene) -> None:
    first = _adaptation(scene, scene.e1, f"{scene.evil.origin}/items/later", b"f" * 32)
    assert (await scene.push(scene.e1, scene.create(scene.e1, first))).status == 202
    digest = canonical.digest(canonical.read(canonical.encode(first)))
    second = _adaptation(scene, scene.e1, first["id"], digest, id=f"{scene.evil.origin}/items/later")
    assert (await scene.push(scene.e1, scene.create(scene.e1, second))).status == 202
    assert await _credits(scene, first["id"]) == {
        (first["id"], second["id"]): "unverified",
        (second["id"], first["id"]): "unverified",
    }
