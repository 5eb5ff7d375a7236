"""A mail server on loopback that keeps what it takes."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trustme


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
