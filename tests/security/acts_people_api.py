"""A valid sending, by a program, of every act of members and upon them: each is a page's, said otherwise."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tests.security.scene import COORDINATOR, OPERATOR, SLUG, Act, Scene, Sending

_ROOT = "/api/v1"
_Say = Callable[[str, dict[str, Any]], Sending]


def _twin(page: Act, say: _Say) -> Act:
    async def prepare(scene: Scene) -> Sending:
        where, body = say(*await page.prepare(scene))
        return _ROOT + where, body

    return msgspec.structs.replace(page, prepare=prepare, shows=False)


def _up(where: str, by: int = 1) -> str:
    return "/".join(where.split("/")[:-by])


def _details(_where: str, fields: dict[str, Any]) -> Sending:
    return "/me", fields


def _affiliation(_where: str, fields: dict[str, Any]) -> Sending:
    return "/me/affiliations", fields


async def _end_session(scene: Scene) -> Sending:
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO session(id, member, agent, created, seen, expires) VALUES(:id, :member, '', 1, 1, :end)",
            id=scene.word("session").encode(), member=COORDINATOR, end=4_000_000_000_000,
        )
    )  # fmt: skip
    return f"{_ROOT}/me/sessions/{scene.word('session').encode().hex()}", {}


def people_api(pages: Mapping[str, Act]) -> dict[str, Act]:
    """The programs' acts, made of the pages'."""
    invited = {"role": "member", "practice": SLUG, "days": 3}
    return {
        "POST /invitations": _twin(
            pages["/members/invite"],
            lambda _, fields: ("/invitations", invited | {"note": fields["note"]}),
        ),
        "DELETE /invitations/{id}": _twin(
            pages["/members/invite/{id}/revoke"], lambda where, _: (f"/invitations/{where.split('/')[3]}", {})
        ),
        "POST /recoveries": _twin(
            pages["/members/{id}/recover"], lambda where, _: ("/recoveries", {"member": where.split("/")[2]})
        ),
        "PUT /members/{id}/state": _twin(
            pages["/members/{id}/suspend"], lambda where, _: (f"{_up(where)}/state", {"state": "suspended"})
        ),
        "POST /members/{id}/roles": _twin(
            pages["/members/{id}/roles"], lambda where, _: (where, {"practice": SLUG, "role": "expert"})
        ),
        "DELETE /members/{id}/roles": _twin(
            pages["/members/{id}/roles/end"], lambda where, _: (f"{_up(where)}?practice={SLUG}&role=member", {})
        ),
        "PUT /practices/{slug}/membership": _twin(
            pages["/practices/{slug}/join"], lambda where, _: (f"{_up(where)}/membership", {})
        ),
        "DELETE /practices/{slug}/membership": _twin(
            msgspec.structs.replace(pages["/practices/{slug}/leave"], cannot=OPERATOR),
            lambda where, _: (f"{_up(where)}/membership", {}),
        ),
        "PUT /me": _twin(pages["/me/details"], _details),
        "DELETE /me": _twin(pages["/me/leave"], lambda _where, _fields: ("/me", {})),
        "POST /me/tokens": _twin(
            pages["/me/tokens"],
            lambda _, fields: ("/me/tokens", {"name": fields["token_name"], "scopes": ["read"], "days": 3}),
        ),
        "DELETE /me/tokens/{id}": _twin(pages["/me/tokens/{id}/revoke"], lambda where, _: (_up(where), {})),
        "PATCH /settings": _twin(pages["/settings/place"], lambda _, fields: ("/settings", {"name": fields["name"]})),
        "PUT /settings/cares": _twin(
            pages["/settings/cares"],
            lambda _, fields: ("/settings/cares", {"domains": [name.removeprefix("d-") for name in fields]}),
        ),
        "PUT /settings/steps": _twin(
            pages["/settings/{step}/pass"], lambda _where, _fields: ("/settings/steps", {"step": "reach"})
        ),
        "POST /settings/reach": _twin(pages["/settings/reach"], lambda where, _: (where, {})),
        "DELETE /settings/mail": _twin(pages["/settings/mail/forget"], lambda where, _: (_up(where), {})),
        "PUT /me/profile": _twin(pages["/me/profile"], lambda where, fields: (where, fields)),
        "DELETE /me/profile": _twin(pages["/me/profile/end"], lambda where, _: (_up(where), {})),
        "PUT /organisations/{id}": _twin(pages["/organisations/{id}"], lambda where, fields: (where, fields)),
        "POST /organisations/{id}/merge": _twin(
            pages["/organisations/{id}/merge"], lambda where, fields: (where, fields)
        ),
        "DELETE /me/sessions/{id}": Act(_end_session, cannot=OPERATOR),
        "POST /me/affiliations": _twin(pages["/me/affiliations"], _affiliation),
        "DELETE /me/affiliations/{id}": _twin(
            pages["/me/affiliations/{key}/end"], lambda where, fields: (f"{_up(where)}?until={fields['until']}", {})
        ),
    }
