"""Mail over a real conversation with a server on loopback: taken, refused, mistrusted, silent."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email import message_from_bytes, policy

import msgspec
import pytest
import trustme

from node import mail
from node.mail import Mailbox, is_address, send


class Post:
    """A small SMTP server (RFC 5321, RFC 3207, RFC 4954): it keeps what it takes."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, silent: bool = False, refuses: bool = False) -> None:
        self.taken: list[bytes] = []
        self.words: list[str] = []
        self.talks: list[asyncio.Task[None]] = []
        self.tls = tls
        self.silent = silent
        self.refuses = refuses
        self.port = 0

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.talks.append(task)
        with suppress(ConnectionError, ssl.SSLError):
            await self._speak(reader, writer)
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.silent:
            await reader.read()
            return

        def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())

        say("220 here")
        while line := (await reader.readline()).decode().strip():
            word = line.split(" ")[0].upper()
            self.words.append(word)
            if word == "EHLO":
                say("250-here")
                if self.tls is not None and writer.get_extra_info("ssl_object") is None:
                    say("250-STARTTLS")
                say("250 AUTH PLAIN")
            elif word == "STARTTLS" and self.tls is not None:
                say("220 go")
                await writer.start_tls(self.tls)
            elif word == "AUTH":
                good = base64.b64decode(line.split(" ")[2]) == b"\0town\0secret"
                say("235 welcome" if good else "535 no")
            elif word == "RCPT" and self.refuses:
                say("550 nobody here")
            elif word == "DATA":
                say("354 go on")
                lines: list[bytes] = []
                while (each := await reader.readline()) != b".\r\n":
                    lines.append(each)
                self.taken.append(b"".join(lines))
                say("250 taken")
            elif word == "QUIT":
                say("221 bye")
                break
            else:
                say("250 yes")


@asynccontextmanager
async def post(authority: trustme.CA | None = None, **how: bool) -> AsyncIterator[Post]:
    tls = None
    if authority is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(tls)
    made = Post(tls, **how)
    server = await asyncio.start_server(made.speak, "localhost", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.gather(*made.talks)


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
