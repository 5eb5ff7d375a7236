"""A valid sending of every act by which people write to each other."""

from urllib.parse import quote

import msgspec

from node.coalition.messages.rules import Write
from node.gate.handler import Who
from node.mail import Mailbox
from node.storage.contract import Tx
from tests.security.scene import COORDINATOR, MEMBER, OPERATOR, SLUG, Act, Scene, Sending


async def _new(scene: Scene) -> Sending:
    fields = {"voice": f"member:{COORDINATOR}", "words": scene.word("Hello")}
    return f"/messages/new?to={quote(scene.practice, safe='')}", fields


async def _new_api(scene: Scene) -> Sending:
    return "/api/v1/messages", {"to": scene.practice, "words": scene.word("Hello")}


async def _got(scene: Scene) -> str:
    id = f"{scene.here.origin}/messages/{scene.word('m')}"
    command = Write(
        id=id, activity=f"{scene.here.origin}/activities/{scene.word('m')}", member=MEMBER, voice=f"member:{MEMBER}",
        to=f"member:{COORDINATOR}", words="Look at this.",
    )  # fmt: skip
    outcome = await scene.here.running.gate.perform(command, Who(member=MEMBER))
    assert outcome.done, outcome
    return id


async def _act(scene: Scene) -> Sending:
    return "/messages/act", {"id": await _got(scene), "what": "report"}


async def _act_api(scene: Scene) -> Sending:
    return f"/api/v1/messages/acts?id={quote(await _got(scene), safe='')}", {"what": "report"}


async def _help(scene: Scene) -> Sending:
    def helps(tx: Tx) -> None:
        tx.run("UPDATE member SET help = 'grant applications' WHERE id = :id", id=MEMBER)

    await scene.here.running.storage.transact(helps)
    return "/messages/help", {"words": f"A grant, {scene.word('soon')}", "practice": "", f"to-{MEMBER}": "yes"}


async def _digest(scene: Scene) -> Sending:
    def mailed(tx: Tx) -> None:
        tx.run("UPDATE member SET email = 'cleo@x.example' WHERE id = :id", id=COORDINATOR)
        tx.run("DELETE FROM digest WHERE member = :id", id=COORDINATOR)
        box = msgspec.json.encode(Mailbox("mail.x.example", 465, "tls", "us@x.example")).decode()
        tx.run(
            "INSERT INTO setting(name, value) VALUES('mailbox', :box)"
            " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
            box=box,
        )  # fmt: skip

    await scene.here.running.storage.transact(mailed)
    return "/me/digest", {"every": "week"}


async def _digest_api(scene: Scene) -> Sending:
    path, fields = await _digest(scene)
    return f"/api/v1{path}", fields


async def _why(scene: Scene) -> Sending:
    return f"/practices/{SLUG}/why", {"words": scene.word("My brother"), "shown": "yes"}


async def _why_api(scene: Scene) -> Sending:
    path, fields = await _why(scene)
    return f"/api/v1{path}", fields | {"shown": True}


MESSAGES = {
    "/me/digest": Act(_digest, cannot=OPERATOR),
    "/practices/{slug}/why": Act(_why, MEMBER),
    "/messages/new": Act(_new, cannot=OPERATOR),
    "/messages/act": Act(_act, cannot=OPERATOR),
    "/messages/help": Act(_help, cannot=OPERATOR),
}
MESSAGES_API = {
    "PUT /me/digest": Act(_digest_api, cannot=OPERATOR),
    "PUT /practices/{slug}/why": Act(_why_api, MEMBER),
    "POST /messages": Act(_new_api, cannot=OPERATOR),
    "POST /messages/acts": Act(_act_api, cannot=OPERATOR),
}
