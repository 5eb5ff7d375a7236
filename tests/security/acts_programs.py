"""A valid sending of every act over the API: whatever a page can do, a program can. What both send alike is made of
the page's own sending, so that a new page without its program is missed here.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from tests.security import acts
from tests.security.acts import PAGES
from tests.security.scene import OPERATOR, SLUG, Act, Scene, Sending

V1 = "/api/v1"
Turn = Callable[[str, dict[str, Any]], Sending]


def of(page: str, turn: Turn, **more: Any) -> Act:
    """The act of a page, sent by a program. turn: the page's path and fields into the API's path and body."""
    act = PAGES[page]

    async def prepare(scene: Scene) -> Sending:
        path, body = turn(*await act.prepare(scene))
        return V1 + path, body

    return msgspec.structs.replace(act, prepare=prepare, shows=False, **more)


def to(end: str, by: str, **body: Any) -> Turn:
    """The same path with another end, and this body."""
    return lambda path, _fields: (path.removesuffix(end) + by, body)


def as_it_is(path: str, fields: dict[str, Any]) -> Sending:
    return path, fields


def _role(path: str, fields: dict[str, Any]) -> Sending:
    return path, {"practice": SLUG, "role": fields["role"]}


def _no_role(path: str, fields: dict[str, Any]) -> Sending:
    return f"{path.removesuffix('/end')}?practice={SLUG}&role={fields['role']}", {}


def _named(path: str, _fields: dict[str, Any]) -> Sending:
    return "/recoveries", {"name": path.split("/")[2]}


def _kept(_path: str, fields: dict[str, Any]) -> Sending:
    item = {name: fields[name] for name in ("title", "content", "license")}
    return "/kept", {"item": item, "audience": "practice", "practice": SLUG}


def _kept_anew(path: str, _fields: dict[str, Any]) -> Sending:
    item = {"title": "Other", "content": "How.", "license": "CC0-1.0"}
    return path.removesuffix("/drop"), {"item": item, "audience": "node"}


def _invitation(_path: str, fields: dict[str, Any]) -> Sending:
    return "/invitations", {"note": fields["note"], "days": 3}


def _no_invitation(path: str, _fields: dict[str, Any]) -> Sending:
    return path.replace("/members/invite/", "/invitations/").removesuffix("/revoke"), {}


def _password(_path: str, fields: dict[str, Any]) -> Sending:
    return "/me/password", {"old": fields["old"], "new": fields["new"]}


def _token(_path: str, fields: dict[str, Any]) -> Sending:
    return "/me/tokens", {"name": fields["token_name"], "scopes": ["read"], "days": 3}


def _profile(_path: str, fields: dict[str, Any]) -> Sending:
    return "/me/profile", {"handle": fields["handle"]}


def _cares(path: str, fields: dict[str, Any]) -> Sending:
    return path, {"domains": [name.removeprefix("d-") for name in fields]}


def _mail(path: str, fields: dict[str, Any]) -> Sending:
    return path, {**fields, "port": int(fields["port"])}


def _actor(path: str, _fields: dict[str, Any]) -> Sending:
    return path.partition("?")[0], {"actor": "x"}


def _compared(path: str, _fields: dict[str, Any]) -> Sending:
    return path.partition("?")[0], {"actor": "x", "seen": "00"}


def _follower(path: str, _fields: dict[str, Any]) -> Sending:
    return path.replace("/connections/remove", "/followers"), {}


def _recommended(_path: str, _fields: dict[str, Any]) -> Sending:
    return "/recommendations", {"id": quote("x")}


# By the page: the program's route, and how the one's sending becomes the other's.
TURNED: dict[str, tuple[str, Act]] = {
    "/members/{id}/suspend": (
        "POST /members/{id}/suspension", of("/members/{id}/suspend", to("suspend", "suspension"))
    ),
    "/members/{id}/readmit": (
        "DELETE /members/{id}/suspension", of("/members/{id}/readmit", to("readmit", "suspension"))
    ),
    "/members/{id}/recover": ("POST /members/{id}/recovery", of("/members/{id}/recover", to("recover", "recovery"))),
    "/members/{id}/link": ("POST /members/{id}/link", of("/members/{id}/link", as_it_is)),
    "/members/{id}/forget": ("DELETE /members/{id}", of("/members/{id}/forget", to("/forget", ""))),
    "/members/{id}/roles": ("POST /members/{id}/roles", of("/members/{id}/roles", _role)),
    "/members/{id}/roles/end": ("DELETE /members/{id}/roles", of("/members/{id}/roles/end", _no_role)),
    "/members/invite": ("POST /invitations", of("/members/invite", _invitation)),
    "/members/invite/{id}/revoke": ("DELETE /invitations/{id}", of("/members/invite/{id}/revoke", _no_invitation)),
    "/practices/{slug}/join": (
        "POST /practices/{slug}/members", of("/practices/{slug}/join", to("join", "members"))
    ),
    "/practices/{slug}/leave": (
        "DELETE /practices/{slug}/members", of("/practices/{slug}/leave", to("leave", "members"), cannot=OPERATOR)
    ),
    "/me/details": ("PUT /me/details", of("/me/details", as_it_is)),
    "/me/password": ("PUT /me/password", of("/me/password", _password)),
    "/me/sessions/{id}/end": ("DELETE /me/sessions/{id}", of("/me/sessions/{id}/end", to("/end", ""))),
    "/me/passkeys/{id}/remove": ("DELETE /me/passkeys/{id}", of("/me/passkeys/{id}/remove", to("/remove", ""))),
    "/me/tokens": ("POST /me/tokens", of("/me/tokens", _token)),
    "/me/tokens/{id}/revoke": ("DELETE /me/tokens/{id}", of("/me/tokens/{id}/revoke", to("/revoke", ""))),
    "/me/affiliations": ("POST /me/affiliations", of("/me/affiliations", as_it_is)),
    "/me/affiliations/{key}/end": (
        "POST /me/affiliations/{key}/end", of("/me/affiliations/{key}/end", as_it_is)
    ),
    "/me/searches": ("POST /me/searches", of("/me/searches", as_it_is)),
    "/me/searches/{id}/move": ("POST /me/searches/{id}/move", of("/me/searches/{id}/move", as_it_is)),
    "/me/searches/{id}/delete": ("DELETE /me/searches/{id}", of("/me/searches/{id}/delete", to("/delete", ""))),
    "/kept/{id}/drop": ("DELETE /kept/{id}", of("/kept/{id}/drop", to("/drop", ""))),
    "/practices/{slug}/seats": ("POST /practices/{slug}/seats", of("/practices/{slug}/seats", as_it_is)),
    "/practices/{slug}/seats/{id}/remove": (
        "DELETE /practices/{slug}/seats/{id}", of("/practices/{slug}/seats/{id}/remove", to("/remove", ""))
    ),
    "/me/leave": ("DELETE /me", of("/me/leave", to("/leave", ""))),
    "/me/profile": ("PUT /me/profile", of("/me/profile", _profile)),
    "/me/profile/end": ("DELETE /me/profile", of("/me/profile/end", to("/end", ""))),
    "/settings/place": ("PUT /settings/place", of("/settings/place", as_it_is)),
    "/settings/cares": ("PUT /settings/cares", of("/settings/cares", _cares)),
    "/settings/reach": ("POST /settings/reach", of("/settings/reach", as_it_is)),
    "/settings/mail": ("PUT /settings/mail", of("/settings/mail", _mail)),
    "/settings/mail/forget": ("DELETE /settings/mail", of("/settings/mail/forget", to("/forget", ""))),
    "/settings/{step}/pass": ("POST /settings/{step}/pass", of("/settings/{step}/pass", as_it_is)),
    "/settings/over": ("POST /settings/over", of("/settings/over", as_it_is)),
    "/organisations/{id}": ("PUT /organisations/{id}", of("/organisations/{id}", as_it_is)),
    "/organisations/{id}/merge": ("POST /organisations/{id}/merge", of("/organisations/{id}/merge", as_it_is)),
    "/connections/remove": ("DELETE /followers", of("/connections/remove", _follower)),
    "/operation/check": ("POST /operation/check", of("/operation/check", as_it_is)),
    "/operation/again": ("POST /operation/again", of("/operation/again", _actor)),
    "/operation/confirm": ("POST /operation/confirm", of("/operation/confirm", _compared)),
    "/catalog/recommend": ("POST /recommendations", of("/catalog/recommend", _recommended)),
}  # fmt: skip
# Where the two send what is not alike: each has its own sending.
TOLD: dict[str, str] = {
    "/practices/new": "POST /practices",
    "/practices/{slug}/describe": "PATCH /practices/{slug}",
    "/practices/{slug}/split": "POST /practices/{slug}/parts",
    "/practices/{slug}/choose": "POST /practices/{slug}/choice",
    "/items/new": "POST /practices/{slug}/items",
    "/items/{id}/edit": "PATCH /items/{id}",
    "/items/{id}/withdraw": "DELETE /items/{id}",
    "/items/{id}/crossings": "POST /items/{id}/crossings",
    "/crossings/{id}/remove": "DELETE /crossings/{id}",
    "/items/{id}/progress": "POST /items/{id}/progress",
    "/items/{id}/progress/{number}/strike": "DELETE /items/{id}/progress/{number}",
    "/items/{id}/credit": "PUT /items/{id}/credits",
    "/items/{id}/coach": "POST /items/{id}/coach",
    "/items/{id}/coach/drop": "DELETE /items/{id}/coach",
    "/coaching/answer": "POST /coaching/answer",
    "/coaching/end": "DELETE /coaching",
    "/me/digest": "PUT /me/digest",
    "/practices/{slug}/why": "PUT /practices/{slug}/why",
    "/messages/new": "POST /messages",
    "/messages/act": "POST /messages/acts",
    "/messages/help": "POST /messages",
    "/trust/state": "POST /trust/statements",
    "/trust/renew": "POST /trust/renewals",
    "/trust/take-back": "DELETE /trust/statements",
    "/connections": "POST /follows",
    "/connections/again": "POST /follows",
    "/connections/end": "DELETE /follows",
    "/connections/part": "DELETE /follows/questions",
    "/groups/new": "POST /groups",
    "/groups/{id}/edit": "PUT /groups/{id}",
    "/groups/{id}/claim": "POST /groups/{id}/claim",
    "/groups/{id}/forget": "DELETE /groups/{id}",
    "/imports/new": "POST /imports",
    "/imports/{id}/columns": "PATCH /imports/{id}",
    "/imports/{id}/drop": "DELETE /imports/{id}",
    "/imports/{id}/links": "POST /imports/{id}/links",
    "/imports/{id}/run": "POST /imports/{id}/run",
    "/imports/{id}/undo": "POST /imports/{id}/undo",
    "/settings/second": "POST /invitations",
}
# The same act, by the name that people know.
NAMED = {
    "POST /recoveries": "POST /members/{id}/recovery",
    "POST /kept": "POST /practices/{slug}/items",
    "PUT /kept/{id}": "PATCH /items/{id}",
}
# What no program can do, and why.
PAGES_ALONE = {
    "/me/passkeys": "an authenticator answers a browser at this origin, and nobody else",
}
TWINS: dict[str, str] = {**{page: route for page, (route, _) in TURNED.items()}, **TOLD}
API: dict[str, Act] = {
    **acts.API,
    **dict(TURNED.values()),
    "POST /recoveries": of("/members/{id}/recover", _named),
    "POST /kept": of("/items/new", _kept),
    "PUT /kept/{id}": of("/kept/{id}/drop", _kept_anew),
}
