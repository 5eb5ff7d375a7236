"""Documents with proofs, rightly signed over any options, and what the verifier says of one."""

import json
from typing import Any

from protocol import canonical, integrity
from protocol.errors import Reason, RemoteProtocolError
from protocol.keys import HeldKey, SigningKey
from protocol.multibase import multibase_encode
from tests.protocol.samples import ACTOR, HELD, KEY, METHOD, NOW, activity

CARRIER = "https://inkster.example/actor"
WIRE = integrity.sign(activity(), KEY, METHOD, NOW)
VALUE: dict[str, Any] = json.loads(WIRE)
SECOND = 1_000


def verify(raw: bytes, *, key: HeldKey = HELD, actor: str = ACTOR, now: int = NOW, **more: Any) -> Any:
    document = canonical.read(raw)
    return integrity.verify(integrity.claim(document, "msg", actor), key, now, CARRIER, **more)


def reason(raw: bytes | dict[str, Any], **more: Any) -> Reason:
    raw = raw if isinstance(raw, bytes) else canonical.encode(raw)
    try:
        verify(raw, **more)
    except RemoteProtocolError as error:
        return error.reason
    return Reason.ACCEPTED


def signed_with(
    options: dict[str, Any], document: dict[str, Any] | None = None, key: SigningKey = KEY
) -> dict[str, Any]:
    """A document with a correctly made signature over any proof options, also wrong ones. None leaves one out."""
    bare = activity() if document is None else document
    proof = {**VALUE["proof"], **options}
    proof = {name: value for name, value in proof.items() if value is not None and name != "proofValue"}
    message = integrity.signing_input(canonical.canonical(proof), canonical.canonical(bare))
    return {**bare, "proof": {**proof, "proofValue": multibase_encode(key.sign(message))}}
