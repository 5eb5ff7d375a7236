"""The headers that keep a page to itself: set on every answer as it leaves, whoever made it.

`default-src 'none'`: nothing loads that is not named, nothing inline runs or styles, nobody frames us (house
security, group F). A handler may set a stricter policy of its own; it cannot forget this one.
"""

from urllib.parse import quote

from aiohttp import web

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"
# What a browser may at most draw by itself; all else is a file to save.
_SHOWABLE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"})


async def secure(_request: web.Request, response: web.StreamResponse) -> None:
    """aiohttp's on_response_prepare signal."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    if response.content_type == "text/html":
        headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("X-Frame-Options", "DENY")


def of_upload(name: str, media: str) -> dict[str, str]:
    """The headers under which something that a stranger uploaded may be served (house security, group D).

    Always as a file to save, in a sandbox, never under a type that another node would read as an activity or that a
    browser would run: everything that is not a plain picture or text is `application/octet-stream`.
    """
    shown = media.partition(";")[0].strip().lower()
    kept = "".join(character for character in name.rpartition("/")[2].rpartition("\\")[2] if character.isprintable())
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in kept).lstrip(".") or "file"
    return {
        "Content-Type": shown if shown in _SHOWABLE else "application/octet-stream",
        "Content-Disposition": f"attachment; filename=\"{plain[:100]}\"; filename*=UTF-8''{quote(kept[:100], safe='')}",
        "Content-Security-Policy": _SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
