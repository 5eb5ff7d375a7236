"""What is packed, for whom, and what is not: by what stands on the wire."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from node.web import packing, static
from tests.cluster.kit import Town, cluster

from .kit import Site, serve

BROWSER = {"Accept": "text/html", "Accept-Encoding": "gzip, deflate, br, zstd", "Sec-Fetch-Site": "same-origin"}


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with serve(tmp_path) as found:
        yield found


async def got(url: str, **headers: str) -> tuple[aiohttp.ClientResponse, bytes]:
    """The answer as it came, unopened."""
    async with (
        aiohttp.ClientSession(auto_decompress=False, skip_auto_headers={"Accept-Encoding"}) as client,
        client.get(url, headers=headers) as answer,
    ):
        return answer, await answer.read()


@pytest.mark.parametrize(
    ("accepted", "does"),
    [
        ("", False),
        ("gzip", True),
        ("br, gzip, zstd", True),
        ("GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *;q=1", False),
        ("br", False),
        ("identity", False),
        ("*", True),
        ("*;q=0", False),
        ("gzipped", False),
        ("gzip;q=", False),
        (";;;,,,=", False),
        ("x" * 10_000 + ",gzip", False),
    ],
)
def test_who_unpacks(accepted: str, does: bool) -> None:
    assert packing.unpacks(accepted) is does


async def test_a_page_is_packed_for_whoever_unpacks(site: Site) -> None:
    plain, body = await got(f"{site.origin}/pages/front", Accept="text/html")
    packed, wire = await got(f"{site.origin}/pages/front", **BROWSER)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Length"] == str(len(wire))
    assert gzip.decompress(wire) == body
    assert len(wire) < len(body) // 2
    assert plain.headers["Vary"] == packed.headers["Vary"]
    assert "Accept-Encoding" in packed.headers["Vary"]


async def test_no_other_site_learns_the_length_of_somebodys_page(site: Site) -> None:
    """BREACH: with whoever is signed in, a page is packed only where their own browser says that it came from here."""
    path = f"{site.origin}/pages/operation"
    for site_said, does in (("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False)):
        answer, _ = await got(path, **{**BROWSER, "Sec-Fetch-Site": site_said})
        assert ("Content-Encoding" in answer.headers) is does, site_said
    answer, _ = await got(path, Accept="text/html", **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    answer, _ = await got(f"{site.origin}/pages/front", **{**BROWSER, "Sec-Fetch-Site": "cross-site"})
    assert answer.headers["Content-Encoding"] == "gzip"  # nobody's page tells of nobody


async def test_a_refusal_is_a_page_too(site: Site) -> None:
    answer, wire = await got(f"{site.origin}/refuse/not-found", **BROWSER)
    assert answer.status == 404
    assert b"We could not find that" in gzip.decompress(wire)
    answer, wire = await got(f"{site.origin}/refuse/not-found", **{**BROWSER, "Accept": "application/json"})
    assert answer.content_type == "application/problem+json"
    assert "Content-Encoding" not in answer.headers


async def test_static_files_are_packed_once(site: Site) -> None:
    for name, file in static.load().items():
        assert not file.packed or gzip.decompress(file.packed) == file.body
        plain, body = await got(site.origin + static.address(static.load(), name))
        packed, wire = await got(site.origin + static.address(static.load(), name), **BROWSER)
        assert body == file.body
        if file.packed:
            assert wire == file.packed
            assert packed.headers["Content-Encoding"] == "gzip"
            assert packed.headers["ETag"] != plain.headers["ETag"]
            assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
        else:
            assert wire == body
            assert "Content-Encoding" not in packed.headers
    assert static.load()["commonweave.css"].packed


async def test_what_other_nodes_read_stays_as_it_was_signed(tmp_path: Path) -> None:
    async with cluster(tmp_path, "here") as towns:
        here: Town = towns[0]
        practice = await here.open_practice()
        for number in range(12):
            await here.publish(f"Number {number}")
        token = here.running.keystore.mint_token(here.clock.now(), "program")
        every, wire = await got(
            f"{here.origin}/api/v1/catalog", Authorization=f"Bearer {token}", **{"Accept-Encoding": "gzip"}
        )
        assert every.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(wire).startswith(b"{")
        for path in (practice, here.actor, f"{practice}/outbox"):
            answer, _ = await got(path, Accept="application/activity+json", **{"Accept-Encoding": "gzip"})
            assert answer.status < 400, path
            assert "Content-Encoding" not in answer.headers, path
