"""One file in a form that is sent in parts (RFC 7578): read as a stream, bounded, kept in memory alone.

Only a page that has asked first who sends, and whether they may, calls this; everywhere else such a form is refused
(forms.py). The form's token comes first, and is checked before a byte of the file is kept.
"""

import asyncio

import msgspec
from aiohttp import BodyPartReader, MultipartReader, web

from node.sentence import say
from node.web.forms import TOKEN_FIELD, Form, check_origin
from node.web.problem import Refused
from node.web.session import session_of
from protocol.errors import Reason

PATIENCE = 300  # seconds for 5 MiB over a poor line: 17 kB a second
_FIELDS = 20
_FIELD_BYTES = 2_000
_CHUNK = 64 * 1024
_FRAME = 64 * 1024  # bytes of the parts' own headers and fields


class Upload(msgspec.Struct, frozen=True):
    """name: as the browser calls it, no path. data: None if no file was chosen, or it is too large."""

    name: str
    data: bytes | None
    too_large: bool = False


async def read_upload(request: web.Request, field: str, most: int) -> tuple[Form, Upload]:
    """The form's other fields, and the file of at most so many bytes. Raises Refused for what is no such form.

    Signed out, or with a stale token, the form has a fault, and nothing of the file was kept.
    """
    check_origin(request)
    if request.content_type != "multipart/form-data":
        raise Refused(Reason.WRONG_TYPE)
    if (request.content_length or 0) > most + _FRAME:
        return Form(), Upload("", None, too_large=True)
    try:
        async with asyncio.timeout(PATIENCE):
            return await _parts(request, field, most)
    except TimeoutError:
        raise Refused(Reason.TOO_SLOW) from None
    except (ValueError, LookupError, UnicodeDecodeError, AssertionError):
        raise Refused(Reason.MALFORMED, say("This form was not sent whole. Please send it again.")) from None


async def _parts(request: web.Request, field: str, most: int) -> tuple[Form, Upload]:
    reader = await request.multipart()
    session = session_of(request)
    values: dict[str, str] = {}
    once: str | None = None
    upload = Upload("", None)
    for number in range(_FIELDS + 1):
        part = await reader.next()
        if part is None:
            break
        if isinstance(part, MultipartReader) or number == _FIELDS:
            raise Refused(Reason.PAGE_LIMIT)
        if number == 0:
            once = session.wish(await _text(part)) if part.name == TOKEN_FIELD else None
            if once is None:
                break
        elif part.name == field:
            upload = await _file(part, most)
            if upload.too_large:
                break
        elif part.name:
            values.setdefault(part.name, await _text(part))
    form = Form(values, once or "")
    if not session.signed_in:
        form.wrong("", "", say("You have been signed out. Sign in, then send the file again."))
    elif once is None:
        form.wrong("", "", say("This page was older than your sign-in. Please send the file once more."))
    return form, upload


async def _text(part: BodyPartReader) -> str:
    data = await _most(part, _FIELD_BYTES)
    if data is None:
        raise Refused(Reason.PAGE_LIMIT)
    return data.decode("utf-8")


async def _file(part: BodyPartReader, most: int) -> Upload:
    name = (part.filename or "").replace("\\", "/").rpartition("/")[2][:200]
    data = await _most(part, most)
    return Upload(name, data or None, too_large=data is None)


async def _most(part: BodyPartReader, most: int) -> bytes | None:
    """What is in it, as it was sent; None if that is more."""
    found = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        found += chunk
        if len(found) > most:
            return None
    return bytes(found)
