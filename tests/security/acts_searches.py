"""A valid sending of every act upon the searches that members keep."""

from tests.security.scene import COORDINATOR, OPERATOR, Act, Scene, Sending


async def _kept(scene: Scene) -> str:
    id = scene.word("search")
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO saved_search(id, member, name, query, secret, made)"
            " VALUES(:id, :member, :id, 'q=x', :id, 1)",
            id=id, member=COORDINATOR,
        )
    )  # fmt: skip
    return id


async def _keep(scene: Scene) -> Sending:
    return "/me/searches", {"name": scene.word("Truancy"), "query": "q=truancy"}


async def _move(scene: Scene) -> Sending:
    return f"/me/searches/{await _kept(scene)}/move", {}


async def _delete(scene: Scene) -> Sending:
    return f"/me/searches/{await _kept(scene)}/delete", {}


SEARCHES: dict[str, Act] = {
    "/me/searches": Act(_keep, cannot=OPERATOR),
    "/me/searches/{id}/move": Act(_move, cannot=OPERATOR),
    "/me/searches/{id}/delete": Act(_delete, cannot=OPERATOR),
}
