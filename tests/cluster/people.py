"""People at a node over HTTP, each with a browser of their own: they open links, fill in forms, sign in."""

import re

import aiohttp

from tests.cluster.kit import Town

WORDS = "correct horse battery"


def link_in(text: str) -> str:
    """The path of the link that a page shows."""
    found = re.search(r"/join/[\w-]+", text.replace("<wbr>", ""))
    assert found is not None, text
    return found[0]


class Person:
    """A browser of their own."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.door = ""  # the address of another process of the node, instead of the first one's
        headers = {"Origin": town.origin, "Accept": "text/html"}
        self.client = aiohttp.ClientSession(
            town.origin, headers=headers, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )  # fmt: skip

    async def get(self, path: str) -> tuple[int, str]:
        async with self.client.get(path, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, page: str = "", **fields: str) -> tuple[int, str, str]:
        """Send a form that `page` shows (none: one that needs no session): status, text, where it leads."""
        if page:
            found = re.search(r'name="form_token" value="([^"]+)"', (await self.get(page))[1])
            assert found is not None, page
            fields["form_token"] = found[1]
        async with self.client.post(self.door + path, data=fields, allow_redirects=False) as answer:
            return answer.status, await answer.text(), answer.headers.get("Location", "")

    async def sign_in(self, name: str, password: str = WORDS) -> tuple[int, str]:
        status, text, _ = await self.post("/sign-in", name=name, password=password, then="/me")
        return status, text

    async def join(self, link: str, name: str, **more: str) -> tuple[int, str]:
        fields = {"name": name, "sign_in": name.lower(), "password": WORDS, **more}
        status, text, _ = await self.post(link, **fields)
        return status, text

    async def invite(self, **fields: str) -> str:
        """The path of a new link."""
        wish = {"role": "member", "practice": "", "days": "3", "uses": "1", **fields}
        status, text, _ = await self.post("/members/invite", "/members/invite", **wish)
        assert status == 200, text
        return link_in(text)


class Place:
    """A town with its operator, and whoever else comes in."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.there = town  # a neighbour, where there is one
        self.people: list[Person] = []

    def somebody(self) -> Person:
        self.people.append(Person(self.town))
        return self.people[-1]

    async def operator(self) -> Person:
        person = self.somebody()
        token = self.town.running.keystore.mint_token(self.town.clock.now(), "operator")
        assert (await person.post("/sign-in", token=token))[0] == 303
        return person

    async def member(self, name: str, by: Person, **invitation: str) -> Person:
        person = self.somebody()
        status, text = await person.join(await by.invite(**invitation), name)
        assert status == 303, text
        return person
