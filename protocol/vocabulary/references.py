"""A thing, and which state of it: so a right or a credit can be checked offline (protocol section 3)."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from protocol.canonical import digest_multibase, read_digest_multibase
from protocol.limits import ID_CHARACTERS
from protocol.vocabulary.shapes import Name, listed, malformed, mapping, shaped


class Reference(msgspec.Struct, frozen=True):
    """`{id, digestMultibase}`: a thing, and which state of it (protocol section 3). `digest` is 32 bytes."""

    id: str
    digest: bytes | None = None


class _ReferenceWire(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(min_length=1, max_length=ID_CHARACTERS)]
    digest: Name | None = field(default=None, name="digestMultibase")


def reference(id: str, digest: bytes | None) -> dict[str, Any]:
    """`{id, digestMultibase}` for the wire."""
    return {"id": id} if digest is None else {"id": id, "digestMultibase": digest_multibase(digest)}


def read_reference(value: Any, name: str) -> Reference:
    """A reference: `{id, digestMultibase}`, or the bare id. MALFORMED names the field."""
    if isinstance(value, str) and 0 < len(value) <= ID_CHARACTERS:
        return Reference(value)
    members = mapping(value)
    if members is None:
        raise malformed(f"{name} must be an id or {{id, digestMultibase}}.")
    wire = shaped(members, _ReferenceWire, name)
    return Reference(wire.id, None if wire.digest is None else read_digest_multibase(wire.digest))


def read_references(value: Any, name: str) -> tuple[Reference, ...]:
    """A list of them; nothing as none."""
    return () if value is None else tuple([read_reference(one, name) for one in listed(value, name)])
