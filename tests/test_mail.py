"""Mail over a real conversation with a server on loopback: taken, refused, mistrusted, silent."""

import ssl
from email import message_from_bytes, policy

import msgspec
import pytest
import trustme

from node import mail
from node.mail import Mailbox, is_address, send
from tests.smtp import Post, post


def box(server: Post, security: mail.Security = "none", **more: str) -> Mailbox:
    return Mailbox("localhost", server.port, security, "town@example.org", **more)


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_a_message_arrives_as_it_was_written() -> None:
    async with post() as server:
        said = await send(box(server), "Höhe, Inc.", "ana@example.org", "Éntrate", "Aquí: https://x.example/join/1\n")
    assert said == ""
    read = message_from_bytes(server.taken[0], policy=policy.default)
    assert (read["To"], read["Subject"]) == ("ana@example.org", "Éntrate")
    assert read["From"].addresses[0].display_name == "Höhe, Inc."
    assert read["Message-ID"].endswith("@example.org>")
    assert read.get_content().strip() == "Aquí: https://x.example/join/1"


async def test_words_cannot_bring_headers() -> None:
    async with post() as server:
        said = await send(box(server), "a\r\nBcc: eve@example.org", "ana@example.org", "b\nBcc: eve@example.org", "c")
        assert said == ""
        assert await send(box(server), "a", "ana@example.org\nBcc: eve@example.org", "b", "c")
    (raw,) = server.taken
    read = message_from_bytes(raw, policy=policy.default)
    assert read["Bcc"] is None
    assert read["Subject"] == "b Bcc: eve@example.org"


async def test_it_speaks_encrypted_and_signs_in() -> None:
    authority = trustme.CA()
    async with post(authority) as server:
        mine = box(server, "starttls", user="town", password="secret")
        assert await send(mine, "Town", "ana@example.org", "s", "t", trusting(authority)) == ""
        assert server.words.index("STARTTLS") < server.words.index("AUTH")
        wrong = box(server, "starttls", user="town", password="guess")
        said = await send(wrong, "Town", "ana@example.org", "s", "t", trusting(authority))
        assert said == "The mail server did not take this user name and password."
    assert len(server.taken) == 1


async def test_a_server_that_cannot_prove_its_name_gets_nothing() -> None:
    async with post(trustme.CA()) as server:
        said = await send(box(server, "starttls", user="town", password="secret"), "T", "ana@example.org", "s", "t")
        assert "AUTH" not in server.words
    assert said
    assert server.taken == []


async def test_a_server_that_offers_no_encryption_gets_nothing() -> None:
    async with post() as server:
        assert await send(box(server, "starttls"), "T", "ana@example.org", "s", "t")
    assert server.taken == []


async def test_what_the_server_will_not_take_is_said() -> None:
    async with post(refuses=True) as server:
        said = await send(box(server), "T", "nobody@example.org", "s", "t")
    assert said == "The mail server does not deliver to nobody@example.org."


async def test_nobody_listens() -> None:
    async with post() as server:
        pass
    said = await send(box(server), "T", "ana@example.org", "s", "t")
    assert "cannot be reached" in said


async def test_a_silent_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "PATIENCE", 0.05)
    async with post(silent=True) as server:
        assert "did not answer in time" in await send(box(server), "T", "ana@example.org", "s", "t")


@pytest.mark.parametrize("text", ["ana@example.org", "a.b+c@x.example", "ñ@x.example"])
def test_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    ["", "ana", "ana@", "@x.example", "a b@x.example", "a@b@x.example", "ana@x", "a@x.example\n", "<a@x.example>"],
)
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ""),
        ({"host": "smtp example"}, "server's name"),
        ({"host": ""}, "server's name"),
        ({"port": 0}, "A port is"),
        ({"sender": "town"}, "no mail address"),
        ({"security": "none"}, "Without encryption"),
        ({"security": "none", "host": "localhost"}, ""),
    ],
)
def test_settings_are_judged_before_they_are_tried(changed: dict[str, object], said: str) -> None:
    usual = Mailbox("smtp.example.org", 587, "starttls", "t@example.org")
    found = mail.fault(msgspec.structs.replace(usual, **changed))
    assert said in found if said else found == ""


def test_a_password_is_in_no_repr() -> None:
    assert "secret" not in repr(Mailbox("h", 1, "tls", "a@b.c", "u", "secret"))
