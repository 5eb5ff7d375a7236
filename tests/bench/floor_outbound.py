"""The floor of outbound: a bare aiohttp client on uvloop that signs each request and posts the same bytes.

One SHA-256 of the body and one signature a request (Ed25519 with PyNaCl, or RSA-2048 with cryptography), 64 at once.
It schedules, stores and remembers nothing. Run as a program: port, hosts, form and the file with the body; every line
it reads is a number of items to deliver to every host, and it says `done` after each.
"""

import asyncio
import base64
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp
import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from nacl import bindings
from yarl import URL

from tests.bench.prepare import host

AT_ONCE = 64


def signer(form: str) -> Callable[[bytes], bytes]:
    """The signature of a base."""
    if form == "native":
        _, secret = bindings.crypto_sign_seed_keypair(b"s" * 32)
        return lambda base: bindings.crypto_sign(base, secret)[:64]
    key = rsa.generate_private_key(65537, 2048)
    return lambda base: key.sign(base, padding.PKCS1v15(), hashes.SHA256())


async def main(port: int, count: int, form: str, body: bytes) -> None:
    sign = signer(form)
    targets = [(f"{host(number)}:{port}", URL(f"http://{host(number)}:{port}/inbox")) for number in range(count)]
    slots = asyncio.Semaphore(AT_ONCE)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    ) as session:

        async def post(name: str, url: URL) -> None:
            async with slots:
                digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
                head = f'"@method": POST\n"@target-uri": {url}\n"content-digest": sha-256=:{digest}:\n'
                parameters = f'("@method" "@target-uri" "content-digest");created=1;keyid="{"k" * 60}"'
                base = f'{head}"commonweave-log": {"c" * 70}\n"@signature-params": {parameters}{"p" * 120}'
                value = base64.b64encode(sign(base.encode())).decode()
                headers = {
                    "Host": name,
                    "User-Agent": "floor",
                    "Accept-Encoding": "gzip",
                    "Content-Type": "application/activity+json",
                    "Commonweave-Log": "c" * 70,
                    "Content-Digest": f"sha-256=:{digest}:",
                    "Signature-Input": f"sig1={parameters}{'p' * 120}",
                    "Signature": f"sig1=:{value}:",
                }
                async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                    await answer.read()
                    if answer.status != 202:
                        raise SystemExit(f"answered {answer.status}")

        loop = asyncio.get_running_loop()
        print("ready", flush=True)
        while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
            for _ in range(int(line)):
                await asyncio.gather(*(post(name, url) for name, url in targets))
            print("done", flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]).read_bytes()))
