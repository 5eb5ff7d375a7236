"""Passkeys over HTTP: adding one, signing in by it, and everything that must not sign anybody in."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.cluster.kit import Town, cluster
from tests.cluster.people import WORDS, Person, Place, link_in
from tests.coalition.passkeys.authenticator import PRESENT, Authenticator

pytestmark = pytest.mark.usefixtures("both_engines")

LATER = 6 * 60_000


class Home(Place):
    """A town with Ana, its coordinator, and Ben; `key` is Ana's."""

    ana: Person
    ben: Person
    key: Authenticator

    async def options(self, person: Person, path: str) -> dict[str, Any]:
        status, text = await person.get(path)
        assert status == 200, text
        return json.loads(text)

    async def add(self, person: Person, key: Authenticator, password: str = WORDS, **more: Any) -> tuple[int, str, str]:
        made = key.create(await self.options(person, "/me/passkeys/challenge"), **more)
        return await person.post("/me/passkeys", "/me/passkeys", name="Telephone", passkey=made, password=password)

    async def shows(self, answer: str) -> str:
        """Where this answer leads somebody who is not signed in; '' if nowhere."""
        person = self.somebody()
        _, text, where = await person.post("/sign-in", passkey=answer, then="/me")
        if not where:
            assert "This passkey was not accepted." in text
            assert (await person.get("/me"))[0] != 200
        return where

    async def asked(self) -> dict[str, Any]:
        return await self.options(self.somebody(), "/sign-in/passkey")


@pytest_asyncio.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with cluster(tmp_path, "high-point", host="localhost") as (town,):
        place = Home(town)
        try:
            place.ana = await place.member("Ana", await place.operator(), role="coordinator")
            place.ben = await place.member("Ben", place.ana)
            place.key = Authenticator(town.origin)
            assert (await place.add(place.ana, place.key))[2] == "/me/passkeys?said=passkey-added"
            yield place
        finally:
            for person in place.people:
                await person.client.close()


async def test_who_added_one_signs_in_by_it(home: Home) -> None:
    assert "Telephone" in (await home.ana.get("/me/passkeys"))[1]
    assert "You have one passkey." in (await home.ana.get("/me"))[1]
    person = home.somebody()
    answer = home.key.get(await home.options(person, "/sign-in/passkey"))
    status, _, where = await person.post("/sign-in", passkey=answer, then="/members")
    assert (status, where) == (303, "/members")
    assert "Ana" in (await person.get("/me"))[1]
    held = json.loads((await person.get("/me/data.json"))[1])
    assert [key["name"] for key in held["passkeys"]] == ["Telephone"]
    assert await home.shows(answer) == "", "an answer is good once"


async def test_an_answer_is_good_for_its_own_question_alone(home: Home) -> None:
    asked = await home.asked()
    key = home.key
    bent = json.loads(key.get(asked))
    bent["response"]["signature"] = bent["response"]["signature"][:-4] + "AAAA"
    other = Authenticator(home.town.origin, b"another credential, known to nob")
    stranger = Authenticator(home.town.origin, key.id)
    stranger.key, stranger.user, stranger.count = other.key, key.user, key.count
    phisher = Authenticator("http://localhost.example", key.id)
    phisher.user, phisher.count = key.user, key.count + 5
    adding = await home.options(home.ana, "/me/passkeys/challenge")
    wrong = {
        "no JSON": "x",
        "nothing": "{}",
        "a list": "[]",
        "too long": "x" * 30_000,
        "deep": "[" * 9_000,
        "a bent signature": json.dumps(bent),
        "an unknown credential": other.get(asked),
        "another key": stranger.get(asked),
        "another origin": phisher.get(asked),
        "another party": key.get(asked, party="elsewhere.example"),
        "nobody verified": key.get(asked, flags=PRESENT),
        "no user": key.get(asked, user=b""),
        "another user": key.get(asked, user=b"somebody else"),
        "a question nobody asked": key.get({**asked, "challenge": "AAAA"}),
        "the question for adding one": key.get({**adding, "rpId": asked["rpId"]}),
    }
    for name, answer in wrong.items():
        home.town.clock.advance(1)
        assert await home.shows(answer) == "", name
    assert await home.shows(key.get(asked)) == "/me", "the true one still does"


async def test_a_copy_that_fell_behind_is_refused(home: Home) -> None:
    assert await home.shows(home.key.get(await home.asked())) == "/me"
    home.key.count = 0
    assert await home.shows(home.key.get(await home.asked())) == ""


async def test_a_question_is_good_for_five_minutes(home: Home) -> None:
    asked = await home.asked()
    home.town.clock.advance(LATER)
    assert await home.shows(home.key.get(asked)) == ""


async def test_guesses_are_slowed_down_by_place(home: Home) -> None:
    for _ in range(30):
        await home.shows("x")
    status, text, _ = await home.somebody().post("/sign-in", passkey=home.key.get(await home.asked()), then="/me")
    assert status == 422
    assert "Wait" in text


async def test_failed_passkeys_slow_down_no_password(home: Home) -> None:
    """A name that anybody may choose or type never stands for another counter."""
    for name in ("passkeys", "own ben"):
        for _ in range(6):
            await home.shows("x")
            await home.somebody().sign_in(name, "not the password")
    assert (await home.somebody().sign_in("ben"))[0] == 303
    status, text, _ = await home.add(home.ben, Authenticator(home.town.origin, b"a second credential for somebody"))
    assert status == 303, text


async def test_nobody_adds_one_without_the_password_or_with_anothers_question(home: Home) -> None:
    key = Authenticator(home.town.origin, b"a second credential for somebody")
    status, text, _ = await home.add(home.ben, key, password="not it, sadly")
    assert status == 422
    assert "That is not your present password." in text
    anas = key.create(await home.options(home.ana, "/me/passkeys/challenge"))
    wish = {"name": "Telephone", "password": WORDS}
    for made in (anas, "x", key.create(await home.options(home.ben, "/me/passkeys/challenge"), flags=PRESENT)):
        status, text, _ = await home.ben.post("/me/passkeys", "/me/passkeys", passkey=made, **wish)
        assert status == 422
        assert "could not be checked" in text
    status, text, _ = await home.add(home.ben, home.key)
    assert status == 422
    assert "in use already" in text
    assert (await home.somebody().get("/me/passkeys/challenge"))[0] != 200
    assert await home.town.rows("SELECT COUNT(*) AS n FROM passkey") == [{"n": 1}]


async def test_what_ends_a_member_ends_it(home: Home) -> None:
    assert (await home.add(home.ben, Authenticator(home.town.origin, b"the credential of Ben, 32 bytes.")))[0] == 303
    (ben,) = await home.town.rows("SELECT member AS id FROM passkey WHERE id <> :id", id=_id(home.key))
    bens = Authenticator(home.town.origin, b"the credential of Ben, 32 bytes.")
    bens.user, bens.count = ben["id"].encode(), 1
    assert await home.shows(bens.get(await home.asked())) == "/me"
    page = f"/members/{ben['id']}"
    assert (await home.ana.post(f"{page}/suspend", page))[0] == 303
    assert await home.shows(bens.get(await home.asked())) == "", "suspended"
    assert (await home.ana.post(f"{page}/readmit", page))[0] == 303
    assert await home.shows(bens.get(await home.asked())) == "/me"
    status, text, _ = await home.ana.post(f"{page}/recover", page)
    assert status == 200
    assert (await home.somebody().post(link_in(text), password="a new long password of mine"))[0] == 303
    assert await home.shows(bens.get(await home.asked())) == "", "recovered: what was lost is worth nothing"
    assert (await home.ana.post(f"/me/passkeys/{_id(home.key)}/remove", "/me/passkeys"))[0] == 303
    assert await home.shows(home.key.get(await home.asked())) == "", "removed"
    assert await home.town.rows("SELECT COUNT(*) AS n FROM passkey") == [{"n": 0}]


async def test_what_is_another_members_is_not_removed_and_leaving_removes_all(home: Home) -> None:
    bens = Authenticator(home.town.origin, b"the credential of Ben, 32 bytes.")
    assert (await home.add(home.ben, bens))[0] == 303
    assert (await home.ben.post(f"/me/passkeys/{_id(home.key)}/remove", "/me/passkeys"))[0] == 404
    assert (await home.ben.post("/me/leave", "/me/leave"))[0] == 303
    assert await home.town.rows("SELECT id FROM passkey") == [{"id": _id(home.key)}]
    assert await home.shows(bens.get(await home.asked())) == ""


def _id(key: Authenticator) -> str:
    return json.loads(key.get({"rpId": "", "challenge": ""}))["id"]


async def test_an_ip_address_has_none(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point") as (town,):
        assert isinstance(town, Town)
        assert (await town.page("/sign-in/passkey"))[0] == 404
        assert "data-passkey" not in (await town.page("/sign-in"))[1]
