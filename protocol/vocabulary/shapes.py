"""The shapes in which other software writes the same thing: one string, a list of one, an object with an id.

JSON-LD lets every property be a value or a list, and a reference be a string or an object (ActivityStreams 2.0
section 4). What is accepted of that is here and nowhere else, with the limits of protocol section 9. Every refusal
is a RemoteProtocolError with one sentence that names the field.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, cast

import msgspec
from msgspec import Meta

from protocol.errors import Reason, RemoteProtocolError
from protocol.identifiers import is_safe_link
from protocol.limits import CONTENT_BYTES, ID_CHARACTERS, MAX_INTEGER, NAME_CHARACTERS, RECIPIENTS, TEXT_CHARACTERS

S = TypeVar("S", bound=msgspec.Struct)

Id = Annotated[str, Meta(max_length=ID_CHARACTERS)]
Name = Annotated[str, Meta(max_length=NAME_CHARACTERS)]
Prose = Annotated[str, Meta(max_length=TEXT_CHARACTERS)]
Whole = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]

_BYTES_A_CHARACTER = 4  # at most, in UTF-8


def shaped(value: Mapping[str, Any], shape: type[S], what: str) -> S:
    """The value as a Struct. MALFORMED says what it is and which field is wrong."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise malformed(f"{what}: {error}.") from None


def malformed(sentence: str) -> RemoteProtocolError:
    """The refusal of a wrong form."""
    return RemoteProtocolError(Reason.MALFORMED, sentence)


def mapping(value: Any) -> dict[str, Any] | None:
    """The value if it is a JSON object, else None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def listed(value: Any, field: str, limit: int = RECIPIENTS) -> list[Any]:
    """A list, or the one value as a list of it; nothing as none. PAGE_LIMIT beyond `limit`."""
    if value is None:
        return []
    if not isinstance(value, list):
        return [value]
    values = cast("list[Any]", value)
    if len(values) > limit:
        raise RemoteProtocolError(Reason.PAGE_LIMIT, f"{field} has more than {limit} entries.")
    return values


def one_type(value: Any, field: str = "type") -> str:
    """One type: a string, or a list of one."""
    if isinstance(value, list) and len(cast("list[Any]", value)) == 1:
        value = cast("list[Any]", value)[0]
    if not isinstance(value, str) or not value or len(value) > NAME_CHARACTERS:
        raise malformed(f"{field} must be one type, as a string.")
    return value


def one_id(value: Any, field: str) -> str | None:
    """One id: a string, an object with an `id`, or a list of one of these; None if the field is absent."""
    if isinstance(value, str):
        text = value
    elif value is None:
        return None
    else:
        if isinstance(value, list):
            values = cast("list[Any]", value)
            if len(values) != 1:
                raise malformed(f"{field} must name exactly one.")
            value = values[0]
        members = mapping(value)
        found: Any = value if members is None else members.get("id")
        if not isinstance(found, str):
            raise malformed(f"{field} must be an id.")
        text = found
    if not text or len(text) > ID_CHARACTERS:
        raise malformed(f"{field} must be an id of at most {ID_CHARACTERS} characters.")
    return text


def recipients(to: Any, cc: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`to` and `cc` as ids. PAGE_LIMIT if there are more than 100 together."""
    first = () if to is None else _ids(to, "to")
    second = () if cc is None else _ids(cc, "cc")
    if len(first) + len(second) > RECIPIENTS:
        raise RemoteProtocolError(Reason.PAGE_LIMIT, f"to and cc have more than {RECIPIENTS} entries together.")
    return first, second


def _id(entry: Any, field: str) -> str:
    members = mapping(entry)
    text: Any = entry if members is None else members.get("id")
    if not isinstance(text, str):
        raise malformed(f"{field} must hold ids.")
    return text


def _ids(value: Any, field: str) -> tuple[str, ...]:
    ids = tuple([entry if isinstance(entry, str) else _id(entry, field) for entry in listed(value, field)])
    for text in ids:
        if not 0 < len(text) <= ID_CHARACTERS:
            raise malformed(f"{field} must hold ids.")
    return ids


def first_link(value: Any) -> str | None:
    """The first of `url`'s values that may become a link; other software lists several, or Link objects."""
    for entry in listed(value, "url"):
        members = mapping(entry)
        text: Any = entry if members is None else members.get("href")
        if isinstance(text, str) and is_safe_link(text):
            return text
    return None


def bounded(text: str, field: str) -> str:
    """A long text within the limit of content. TOO_LARGE beyond it."""
    if len(text) * _BYTES_A_CHARACTER > CONTENT_BYTES and len(text.encode("utf-8", "replace")) > CONTENT_BYTES:
        raise RemoteProtocolError(Reason.TOO_LARGE, f"{field} is longer than {CONTENT_BYTES} bytes.")
    return text
