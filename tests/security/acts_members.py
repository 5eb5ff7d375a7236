"""A valid sending of every act upon organisations and profiles."""

from tests.security.scene import COORDINATOR, MEMBER, OPERATOR, SLUG, Act, Scene, Sending


async def _noted(scene: Scene, word: str) -> str:
    id = scene.word(word)
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO organisation(id, name, folded, sector, place, made) VALUES(:id, :id, :id, '', '', 1)", id=id
        )
    )
    return id


async def _organisation(scene: Scene) -> Sending:
    return f"/organisations/{await _noted(scene, 'works')}", {"name": scene.word("Brake works")}


async def _merge(scene: Scene) -> Sending:
    return f"/organisations/{await _noted(scene, 'twin')}/merge", {"into": await _noted(scene, "other")}


async def _profile(scene: Scene) -> Sending:
    await _no_profile(scene)
    return "/me/profile", {"handle": scene.word("cleo")}


async def _no_profile(scene: Scene) -> None:
    await scene.here.running.storage.transact(lambda tx: tx.run("DELETE FROM profile"))


async def _end_profile(scene: Scene) -> Sending:
    await _no_profile(scene)
    actor = await scene.here.open_practice(scene.word("self"))  # any actor of ours
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO profile(member, actor, handle, shows, published) VALUES(:id, :actor, 'x', '[]', 1)",
            id=COORDINATOR, actor=actor,
        )
    )  # fmt: skip
    return "/me/profile/end", {}


async def _seat(scene: Scene) -> Sending:
    return f"/practices/{SLUG}/seats", {"kind": "organisation", "name": scene.word("District")}


async def _no_seat(scene: Scene) -> Sending:
    id = scene.word("seat")
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO practice_seat(id, practice, kind, name, folded, made)"
            " VALUES(:id, :practice, 'discipline', :id, :id, 1)",
            id=id, practice=scene.practice,
        )
    )  # fmt: skip
    return f"/practices/{SLUG}/seats/{id}/remove", {}


SEATS: dict[str, Act] = {
    "/practices/{slug}/seats": Act(_seat, cannot=MEMBER),
    "/practices/{slug}/seats/{id}/remove": Act(_no_seat, cannot=MEMBER),
}
ORGANISATIONS: dict[str, Act] = {
    "/organisations/{id}": Act(_organisation, cannot=OPERATOR),
    "/organisations/{id}/merge": Act(_merge, cannot=MEMBER),
}
PROFILES: dict[str, Act] = {
    "/me/profile": Act(_profile, cannot=OPERATOR),
    "/me/profile/end": Act(_end_profile, cannot=OPERATOR),
}
