"""Whatever a page can change, a program can: a new page names its twin here, or why it has none yet."""

import pytest

from tests.security.acts import API, PAGES

TWINS = {
    "/members/invite": "POST /invitations",
    "/members/invite/{id}/revoke": "DELETE /invitations/{id}",
    "/members/{id}/recover": "POST /recoveries",
    "/members/{id}/suspend": "PUT /members/{id}/state",
    "/members/{id}/readmit": "PUT /members/{id}/state",
    "/members/{id}/roles": "POST /members/{id}/roles",
    "/members/{id}/roles/end": "DELETE /members/{id}/roles",
    "/practices/new": "POST /practices",
    "/practices/{slug}/describe": "PATCH /practices/{slug}",
    "/practices/{slug}/split": "POST /practices/{slug}/parts",
    "/practices/{slug}/choose": "POST /practices/{slug}/choice",
    "/practices/{slug}/join": "PUT /practices/{slug}/membership",
    "/practices/{slug}/leave": "DELETE /practices/{slug}/membership",
    "/connections": "POST /follows",
    "/connections/end": "DELETE /follows",
    "/connections/part": "DELETE /follows/questions",
    "/me/details": "PUT /me",
    "/me/leave": "DELETE /me",
    "/me/sessions/{id}/end": "DELETE /me/sessions/{id}",
    "/me/tokens": "POST /me/tokens",
    "/me/tokens/{id}/revoke": "DELETE /me/tokens/{id}",
    "/me/affiliations": "POST /me/affiliations",
    "/me/affiliations/{key}/end": "DELETE /me/affiliations/{id}",
    "/me/profile": "PUT /me/profile",
    "/me/profile/end": "DELETE /me/profile",
    "/settings/place": "PATCH /settings",
    "/settings/cares": "PUT /settings/cares",
    "/settings/reach": "POST /settings/reach",
    "/settings/second": "POST /invitations",
    "/settings/{step}/pass": "PUT /settings/steps",
    "/settings/over": "PUT /settings/steps",
    "/settings/mail/forget": "DELETE /settings/mail",
    "/organisations/{id}": "PUT /organisations/{id}",
    "/organisations/{id}/merge": "POST /organisations/{id}/merge",
    "/groups/new": "POST /groups",
    "/groups/{id}/edit": "PUT /groups/{id}",
    "/groups/{id}/claim": "POST /groups/{id}/claim",
    "/groups/{id}/forget": "DELETE /groups/{id}",
    "/items/new": "POST /practices/{slug}/items",
    "/items/{id}/edit": "PATCH /items/{id}",
    "/items/{id}/withdraw": "DELETE /items/{id}",
    "/items/{id}/crossings": "POST /items/{id}/crossings",
    "/crossings/{id}/remove": "DELETE /crossings/{id}",
    "/imports/new": "POST /imports",
    "/imports/{id}/columns": "PATCH /imports/{id}",
    "/imports/{id}/run": "POST /imports/{id}/run",
    "/imports/{id}/undo": "POST /imports/{id}/undo",
    "/imports/{id}/links": "POST /imports/{id}/links",
    "/imports/{id}/drop": "DELETE /imports/{id}",
    "/items/{id}/progress": "POST /items/{id}/progress",
    "/items/{id}/progress/{number}/strike": "DELETE /items/{id}/progress/{number}",
    "/items/{id}/credit": "PUT /items/{id}/credits",
}
# Where the twin is still to be named, or where there is none: a password or a passkey proves who sits there.
ALONE = {
    "/catalog/recommend",
    "/connections/again",
    "/connections/remove",
    "/me/passkeys",
    "/me/passkeys/{id}/remove",
    "/me/password",
    "/members/{id}/forget",
    "/members/{id}/link",
    "/operation/again",
    "/operation/check",
    "/operation/confirm",
    "/settings/mail",
}


@pytest.mark.parametrize("page", TWINS)
def test_a_page_has_its_twin(page: str) -> None:
    assert page in PAGES
    assert TWINS[page] in API


def test_no_page_is_forgotten() -> None:
    assert set(PAGES) - set(TWINS) == ALONE
