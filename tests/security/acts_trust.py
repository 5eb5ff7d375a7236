"""A valid sending of every act by which somebody says whom they trust."""

from typing import Any
from urllib.parse import quote, urlencode

from node.trust.stating import YEAR
from protocol.vocabulary.dates import instant
from tests.cluster.trusting import say
from tests.security.scene import Act, Scene, Sending


def _until(scene: Scene) -> str:
    return instant(scene.here.clock.now() + YEAR)


def _fields(scene: Scene) -> dict[str, Any]:
    return {
        "voice": scene.here.actor, "level": "met", "domain": f"public-safety/{scene.word('part')}",
        "grounds": "We met in May.", "until": _until(scene), "audience": "public",
    }  # fmt: skip


async def _state(scene: Scene) -> Sending:
    fields = _fields(scene)
    asked = urlencode({"id": scene.practice, "for": fields["domain"]})
    return f"/trust/state?{asked}", fields | {"until": _until(scene)[:10]}


async def _state_api(scene: Scene) -> Sending:
    return "/api/v1/trust/statements", _fields(scene) | {"subject": scene.practice}


async def _said(scene: Scene) -> dict[str, str]:
    outcome = await say(scene.here, scene.practice, domain=f"public-safety/{scene.word('part')}")
    return {"id": outcome.said[0].object or "", "issuer": scene.here.actor}


async def _renew(scene: Scene) -> Sending:
    return "/trust/renew", dict(await _said(scene))


async def _take_back(scene: Scene) -> Sending:
    return "/trust/take-back", dict(await _said(scene))


async def _renew_api(scene: Scene) -> Sending:
    return f"/api/v1/trust/renewals?{urlencode(await _said(scene), quote_via=quote)}", {}


async def _take_back_api(scene: Scene) -> Sending:
    return f"/api/v1/trust/statements?{urlencode(await _said(scene), quote_via=quote)}", {}


TRUST = {"/trust/state": Act(_state), "/trust/renew": Act(_renew), "/trust/take-back": Act(_take_back)}
TRUST_API = {
    "POST /trust/statements": Act(_state_api),
    "POST /trust/renewals": Act(_renew_api),
    "DELETE /trust/statements": Act(_take_back_api),
}
