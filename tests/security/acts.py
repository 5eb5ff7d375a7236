"""A valid sending of every act that changes something here: who may, who may not, and with what fields.

Whoever adds a route that changes something adds it here; test_routes.py finds those that are missing. `prepare` makes
what the act needs and returns the path and the fields (or the JSON body) of one sending that would succeed.
"""

from urllib.parse import quote

from node.storage.contract import Tx
from tests.security.acts_adapting import ADAPTING, ADAPTING_API
from tests.security.acts_brought import BROUGHT, BROUGHT_API
from tests.security.acts_groups import GROUPS, GROUPS_API
from tests.security.acts_members import ORGANISATIONS, PROFILES, SEATS
from tests.security.acts_messages import MESSAGES, MESSAGES_API
from tests.security.acts_searches import SEARCHES
from tests.security.acts_settling import SETTLING
from tests.security.acts_trust import TRUST, TRUST_API
from tests.security.scene import COORDINATOR, MEMBER, OPERATOR, SLUG, Act, Scene, Sending


async def _open(scene: Scene) -> Sending:
    slug = scene.word("opened")
    return "/practices/new", {"slug": slug, "name": slug, "domain": "housing", "level": "city"}


async def _open_api(scene: Scene) -> Sending:
    return "/api/v1/practices", (await _open(scene))[1]


async def _publish(scene: Scene) -> Sending:
    fields = {"title": scene.word("New"), "content": "How.", "kind": "method", "language": "en", "license": "CC0-1.0"}
    fields |= {"practice": SLUG}
    return "/items/new", fields


async def _publish_api(scene: Scene) -> Sending:
    return f"/api/v1/practices/{SLUG}/items", {"title": scene.word("New"), "content": "How.", "license": "CC0-1.0"}


async def _item(scene: Scene) -> str:
    """The path of an item of the practice."""
    return (await scene.here.publish(scene.word("Old"), SLUG)).removeprefix(scene.here.origin)


async def _edit(scene: Scene) -> Sending:
    fields = {"title": scene.word("Newer"), "content": "How.", "kind": "method", "language": "en", "license": "CC0-1.0"}
    return f"{await _item(scene)}/edit", fields


async def _edit_api(scene: Scene) -> Sending:
    return f"/api/v1{await _item(scene)}", {"title": scene.word("Newer")}


async def _withdraw(scene: Scene) -> Sending:
    return f"{await _item(scene)}/withdraw", {}


async def _withdraw_api(scene: Scene) -> Sending:
    return f"/api/v1{await _item(scene)}", {}


async def _follow(scene: Scene) -> Sending:
    target = await scene.there.open_practice(scene.word("followed"))
    return "/connections", {"address": target}


async def _follow_api(scene: Scene) -> Sending:
    return "/api/v1/follows", {"target": (await _follow(scene))[1]["address"]}


async def _followed(scene: Scene) -> str:
    return await scene.here.follow((await _follow(scene))[1]["address"])


async def _again(scene: Scene) -> Sending:
    return f"/connections/again?target={quote(await _followed(scene), safe='')}", {}


async def _end(scene: Scene) -> Sending:
    return f"/connections/end?target={quote(await _followed(scene), safe='')}", {}


async def _end_api(scene: Scene) -> Sending:
    return f"/api/v1/follows?target={quote(await _followed(scene), safe='')}", {}


async def _remove(scene: Scene) -> Sending:
    await scene.there.follow(scene.practice)
    await scene.there.rest()
    await scene.here.rest()
    return f"/connections/remove?actor={quote(scene.there.actor, safe='')}&target={quote(scene.practice, safe='')}", {}


async def _recommend(scene: Scene) -> Sending:
    return "/catalog/recommend?id=x", {}


async def _check(_scene: Scene) -> Sending:
    return "/operation/check", {}


async def _key(scene: Scene) -> Sending:
    return f"/operation/again?actor={quote(scene.there.actor, safe='')}", {}


async def _confirm(scene: Scene) -> Sending:
    return f"/operation/confirm?actor={quote(scene.there.actor, safe='')}", {}


async def _invite(scene: Scene) -> Sending:
    return "/members/invite", {"role": "member", "practice": SLUG, "days": "3", "uses": "1", "note": scene.word("for")}


async def _revoke(scene: Scene) -> Sending:
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO invitation(id, seal, practice, role, member, note, made_by, made, expires, left_uses)"
            " VALUES(:id, :seal, '', 'member', '', '', '', 1, 4000000000000, 1)",
            id=scene.word("link"),
            seal=scene.word("seal").encode(),
        )
    )
    return f"/members/invite/{scene.word('link')}/revoke", {}


async def _somebody(scene: Scene, state: str = "active") -> str:
    """Another member, who belongs to the practice."""
    id = scene.word("dora")

    def work(tx: Tx) -> None:
        tx.run(
            "INSERT INTO member(id, name, sign_in, state, joined) VALUES(:id, :id, :id, :state, 1)", id=id, state=state
        )  # fmt: skip
        tx.run(
            "INSERT INTO role(member, practice, role, since) VALUES(:id, :practice, 'member', 1)",
            id=id, practice=scene.practice,
        )  # fmt: skip

    await scene.here.running.storage.transact(work)
    return id


async def _recover(scene: Scene) -> Sending:
    return f"/members/{await _somebody(scene)}/recover", {}


async def _suspend(scene: Scene) -> Sending:
    return f"/members/{await _somebody(scene)}/suspend", {}


async def _readmit(scene: Scene) -> Sending:
    return f"/members/{await _somebody(scene, 'suspended')}/readmit", {}


async def _give(scene: Scene) -> Sending:
    return f"/members/{await _somebody(scene)}/roles", {"practice": scene.practice, "role": "expert"}


async def _end_role(scene: Scene) -> Sending:
    return f"/members/{await _somebody(scene)}/roles/end", {"practice": scene.practice, "role": "member"}


async def _join_practice(scene: Scene) -> Sending:
    slug = scene.word("club")
    await scene.here.open_practice(slug)
    return f"/practices/{slug}/join", {}


async def _leave_practice(scene: Scene) -> Sending:
    where, _ = await _join_practice(scene)
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO role(member, practice, role, since) VALUES(:id, :practice, 'member', 1)",
            id=COORDINATOR,
            practice=scene.here.origin + where.removesuffix("/join"),
        )
    )
    return where.removesuffix("join") + "leave", {}


async def _describe(scene: Scene) -> Sending:
    fields = {
        "name": "Guns",
        "summary": scene.word("Fewer"),
        "domain": "public-safety",
        "level": "city",
        "reason": "New.",
    }
    return f"/practices/{SLUG}/describe", fields


async def _describe_api(scene: Scene) -> Sending:
    return f"/api/v1/practices/{SLUG}", {"summary": scene.word("Fewer still"), "reason": "New."}


async def _split(scene: Scene) -> Sending:
    part = scene.word("part")
    return f"/practices/{SLUG}/split", {"a_name": part, "a_slug": part, "a_part": part}


async def _split_api(scene: Scene) -> Sending:
    part = scene.word("piece")
    return f"/api/v1/practices/{SLUG}/parts", {"parts": [{"name": part, "slug": part, "narrower": part}]}


async def _asked(scene: Scene) -> str:
    """The slug of a part about which the coordinator, who belongs to its parent, is asked."""
    slug = scene.word("club")
    await scene.here.open_practice(slug)

    def work(tx: Tx) -> None:
        tx.run(
            "INSERT INTO role(member, practice, role, since) VALUES(:id, :practice, 'member', 1)",
            id=COORDINATOR, practice=scene.here.practice(slug),
        )  # fmt: skip

    await scene.here.running.storage.transact(work)
    part = scene.word("room")
    await scene.here.api(
        "POST", f"/practices/{slug}/parts", json={"parts": [{"name": part, "slug": part, "narrower": part}]}
    )
    return part


async def _choose(scene: Scene) -> Sending:
    return f"/practices/{await _asked(scene)}/choose", {"choice": "move"}


async def _choose_api(scene: Scene) -> Sending:
    return f"/api/v1/practices/{await _asked(scene)}/choice", {"choice": "both"}


async def _decline(scene: Scene) -> Sending:
    child = scene.there.practice(scene.word("theirs"))
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO part(parent, child, state, at) VALUES('p', :child, 'asked', 1)", child=child
        )
    )  # fmt: skip
    return "/connections/part", {"child": child}


async def _decline_api(scene: Scene) -> Sending:
    return f"/api/v1/follows/questions?child={quote((await _decline(scene))[1]['child'], safe='')}", {}


async def _details(scene: Scene) -> Sending:
    return "/me/details", {"name": scene.word("Cleo")}


async def _password(_scene: Scene) -> Sending:
    return "/me/password", {"old": "x", "new": "y"}


async def _passkey(_scene: Scene) -> Sending:
    return "/me/passkeys", {"name": "x", "password": "y", "passkey": "{}"}


async def _remove_passkey(scene: Scene) -> Sending:
    id = scene.word("key")
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO passkey(id, member, name, key, count, made) VALUES(:id, :member, 'x', :key, 0, 1)",
            id=id, member=COORDINATOR, key=b"x",
        )
    )  # fmt: skip
    return f"/me/passkeys/{id}/remove", {}


async def _end_session(_scene: Scene) -> Sending:
    return "/me/sessions/00/end", {}


async def _token(scene: Scene) -> Sending:
    return "/me/tokens", {"token_name": scene.word("mine"), "scope-read": "yes", "days": "3"}


async def _revoke_token(scene: Scene) -> Sending:
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO access_token(id, seal, member, name, scopes, made, expires)"
            " VALUES(:id, :seal, :member, 'x', 'read', 1, 4000000000000)",
            id=scene.word("token"),
            seal=scene.word("sealed").encode(),
            member=COORDINATOR,
        )
    )
    return f"/me/tokens/{scene.word('token')}/revoke", {}


async def _affiliate(scene: Scene) -> Sending:
    return "/me/affiliations", {"organisation": scene.word("Brakes"), "since": "2020-01-31", "title": "Engineer"}


async def _end_affiliation(scene: Scene) -> Sending:
    key = await scene.here.running.storage.transact(
        lambda tx: tx.one(
            "INSERT INTO affiliation(member, organisation, title, since) VALUES(:id, 'x', '', '2020-01-31')"
            " RETURNING key",
            id=COORDINATOR,
        )
    )
    assert key is not None
    return f"/me/affiliations/{key['key']}/end", {"until": "2026-01-31"}


async def _leave(_scene: Scene) -> Sending:
    return "/me/leave", {}


_PASSKEYS = "tests/coalition/passkeys/test_passkeys.py"  # it needs an authenticator
_PEOPLE = "tests/security/test_members.py"
PAGES: dict[str, Act] = {
    "/members/invite": Act(_invite, shows=True),
    "/members/invite/{id}/revoke": Act(_revoke),
    "/members/{id}/recover": Act(_recover, shows=True),
    "/members/{id}/suspend": Act(_suspend),
    "/members/{id}/readmit": Act(_readmit),
    "/members/{id}/roles": Act(_give),
    "/members/{id}/roles/end": Act(_end_role),
    "/practices/{slug}/describe": Act(_describe, cannot=MEMBER),
    "/practices/{slug}/split": Act(_split, cannot=MEMBER),
    "/practices/{slug}/choose": Act(_choose),
    "/connections/part": Act(_decline),
    "/practices/{slug}/join": Act(_join_practice, cannot=OPERATOR),
    "/practices/{slug}/leave": Act(_leave_practice),
    "/me/details": Act(_details, cannot=OPERATOR),
    "/me/password": Act(_password, cannot=OPERATOR, elsewhere=_PEOPLE),
    "/me/passkeys": Act(_passkey, cannot=OPERATOR, elsewhere=_PASSKEYS),
    "/me/passkeys/{id}/remove": Act(_remove_passkey, cannot=OPERATOR),
    "/me/sessions/{id}/end": Act(_end_session, cannot=OPERATOR, elsewhere=_PEOPLE),
    "/me/tokens": Act(_token, cannot=OPERATOR, shows=True),
    "/me/tokens/{id}/revoke": Act(_revoke_token, cannot=OPERATOR),
    "/me/affiliations": Act(_affiliate, cannot=OPERATOR),
    "/me/affiliations/{key}/end": Act(_end_affiliation, cannot=OPERATOR),
    "/me/leave": Act(_leave, cannot=OPERATOR, elsewhere=_PEOPLE),
    **SETTLING,
    **ORGANISATIONS,
    **SEATS,
    **PROFILES,
    **SEARCHES,
    **BROUGHT,
    **ADAPTING,
    **TRUST,
    **MESSAGES,
    **GROUPS,
    "/practices/new": Act(_open),
    "/items/new": Act(_publish, MEMBER),
    "/items/{id}/edit": Act(_edit, MEMBER),
    "/items/{id}/withdraw": Act(_withdraw, COORDINATOR, MEMBER),
    "/catalog/recommend": Act(_recommend, elsewhere="tests/cluster/test_recommending.py"),
    "/connections": Act(_follow),
    "/connections/again": Act(_again),
    "/connections/end": Act(_end),
    "/connections/remove": Act(_remove),
    "/operation/check": Act(_check),
    "/operation/again": Act(_key, elsewhere="tests/security/test_keys.py"),
    "/operation/confirm": Act(_confirm, elsewhere="tests/security/test_keys.py"),
}
API: dict[str, Act] = {
    **BROUGHT_API,
    **ADAPTING_API,
    **TRUST_API,
    **MESSAGES_API,
    **GROUPS_API,
    "POST /practices": Act(_open_api),
    "PATCH /practices/{slug}": Act(_describe_api, cannot=MEMBER),
    "POST /practices/{slug}/parts": Act(_split_api, cannot=MEMBER),
    "POST /practices/{slug}/choice": Act(_choose_api, cannot=OPERATOR),
    "DELETE /follows/questions": Act(_decline_api),
    "POST /practices/{slug}/items": Act(_publish_api, MEMBER),
    "PATCH /items/{id}": Act(_edit_api, MEMBER),
    "DELETE /items/{id}": Act(_withdraw_api, COORDINATOR, MEMBER),
    "POST /follows": Act(_follow_api),
    "DELETE /follows": Act(_end_api),
}
# What a form changes without the gate, and why a token of a session would guard nothing.
SESSIONS_ALONE = {
    "/sign-in": "its sender has no session yet; its origin is checked, and sending it again signs in once more",
    "/language": "it sets this browser's language and nothing else; its origin is checked",
    "/join/{secret}": "whoever has the secret has no session yet; the secret is the right, and is used up",
    "/first/{secret}/you": "whoever has the secret has no session yet; the secret is the right, and is used up",
    "/digest/{secret}": "the secret of a mail is the right, and ends these mails alone (RFC 8058)",
    "/sign-out": "another site could only sign its victim out; its origin is checked",
}
# What other servers post to, signed with their keys: test_signatures.py and test_binding.py.
SIGNED = {"/inbox", "/actor/inbox", "/practices/{slug}/inbox", "/people/{slug}/inbox"}
