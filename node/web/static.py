"""The few files that every page loads: read once at start, named by their content, kept by browsers for a year.

Serves from memory by exact name: no path of the disk is ever made from a request.
"""

import hashlib
from pathlib import Path
from types import MappingProxyType

import msgspec
from aiohttp import web

_FOLDER = Path(__file__).parent / "static"
_TYPES = MappingProxyType(
    {".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript", ".ico": "image/x-icon", ".png": "image/png"}
)


class File(msgspec.Struct, frozen=True):
    """One static file."""

    body: bytes
    media: str
    version: str  # of its content, in the URL: a new content is a new URL


Files = MappingProxyType[str, File]
FILES: web.AppKey[Files] = web.AppKey("static-files", MappingProxyType)


def load() -> Files:
    """Every file of the static folder whose type is known."""
    found: dict[str, File] = {}
    for path in sorted(_FOLDER.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            found[path.name] = File(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:12])
    return MappingProxyType(found)


def address(files: Files, name: str) -> str:
    """The URL path of a file; LookupError if there is none (a template's mistake)."""
    return f"/static/{name}?v={files[name].version}"


async def serve(request: web.Request) -> web.Response:
    """GET /static/{name}."""
    file = request.app[FILES].get(request.match_info["name"])
    if file is None:
        raise web.HTTPNotFound
    response = web.Response(body=file.body, content_type=file.media)
    fresh = request.query.get("v") == file.version
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "public, max-age=300"
    response.headers["ETag"] = f'"{file.version}"'
    return response
