"""The few files that every page loads: read once at start, named by their content, kept by browsers for a year.

Packed once, too. Serves from memory by exact name: no path of the disk is ever made from a request.
"""

import hashlib
from pathlib import Path
from types import MappingProxyType

import msgspec
from aiohttp import web

from node.web import packing

_FOLDER = Path(__file__).parent / "static"
_TYPES = MappingProxyType(
    {".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript", ".ico": "image/x-icon", ".png": "image/png"}
)


class File(msgspec.Struct, frozen=True):
    """One static file."""

    body: bytes
    media: str
    version: str  # of its content, in the URL: a new content is a new URL
    packed: bytes  # gzip; empty if nothing is won by it


Files = MappingProxyType[str, File]
FILES: web.AppKey[Files] = web.AppKey("static-files", MappingProxyType)


def load() -> Files:
    """Every file of the static folder whose type is known."""
    found: dict[str, File] = {}
    for path in sorted(_FOLDER.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            packed = packing.pack(body, 9)
            found[path.name] = File(
                body,
                _TYPES[path.suffix],
                hashlib.sha256(body).hexdigest()[:12],
                packed if _worth(body, packed) else b"",
            )
    return MappingProxyType(found)


def _worth(body: bytes, packed: bytes) -> bool:
    return len(body) >= packing.LEAST and len(packed) < len(body) * 9 // 10


def address(files: Files, name: str) -> str:
    """The URL path of a file; LookupError if there is none (a template's mistake)."""
    return f"/static/{name}?v={files[name].version}"


async def serve(request: web.Request) -> web.Response:
    """GET /static/{name}."""
    file = request.app[FILES].get(request.match_info["name"])
    if file is None:
        raise web.HTTPNotFound
    packed = bool(file.packed) and packing.asked(request)
    response = web.Response(body=file.packed if packed else file.body, content_type=file.media)
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    if file.packed:
        packing.vary(response)
    fresh = request.query.get("v") == file.version
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "public, max-age=300"
    response.headers["ETag"] = f'"{file.version}{"-gzip" if packed else ""}"'
    return response
