"""A valid sending of every act on tables that are brought, and on items that are brought in and applied."""

from node.storage.contract import Tx
from tests.security.scene import COORDINATOR, MEMBER, SLUG, Act, Scene, Sending

_IMPORTS = "tests/coalition/importing/test_imports.py"  # what they do goes on after they have answered
_TABLE = "Name,E-mail\nNora,nora-{n}@example.org\n"


async def _import(scene: Scene) -> Sending:
    return "/imports/new?kind=members", {"text": _TABLE.format(n=scene.number)}


async def _brought(scene: Scene, state: str = "draft") -> str:
    """The path of an import with one row, which made something if it is done."""
    id, member = scene.word("import"), scene.word("nora")

    def work(tx: Tx) -> None:
        tx.run(
            "INSERT INTO import_table(id, kind, name, state, made_by, via, made, headings, columns, said)"
            " VALUES(:id, 'members', '', :state, :by, 'page', 4000000000000, '[\"A\",\"Mail\"]', '{\"name\":0}', '')",
            id=id, state=state, by=COORDINATOR,
        )  # fmt: skip
        tx.run(
            "INSERT INTO import_row(import, number, cells, state, subject) VALUES(:id, 2, :cells, :state, :member)",
            id=id, cells='["Nora","x"]', state="waiting" if state == "draft" else "made", member=member,
        )  # fmt: skip
        tx.run("INSERT INTO member(id, name, state, joined) VALUES(:id, :id, 'invited', 1)", id=member)

    await scene.here.running.storage.transact(work)
    return f"/imports/{id}"


async def _columns(scene: Scene) -> Sending:
    return f"{await _brought(scene)}/columns", {"name": "1"}


async def _run(scene: Scene) -> Sending:
    return f"{await _brought(scene)}/run", {}


async def _undo(scene: Scene) -> Sending:
    return f"{await _brought(scene, 'done')}/undo", {}


async def _drop(scene: Scene) -> Sending:
    return f"{await _brought(scene, 'done')}/drop", {}


async def _import_links(scene: Scene) -> Sending:
    return f"{await _brought(scene, 'done')}/links", {}


async def _link(scene: Scene) -> Sending:
    await _brought(scene, "done")
    return f"/members/{scene.word('nora')}/link", {}


async def _forget(scene: Scene) -> Sending:
    await _brought(scene, "done")
    return f"/members/{scene.word('nora')}/forget", {}


async def _import_api(scene: Scene) -> Sending:
    return "/api/v1/imports", {"kind": "members", "text": _TABLE.format(n=scene.number)}


async def _columns_api(scene: Scene) -> Sending:
    return f"/api/v1{await _brought(scene)}", {"columns": {"name": 1}}


async def _run_api(scene: Scene) -> Sending:
    return f"/api/v1{(await _run(scene))[0]}", {}


async def _undo_api(scene: Scene) -> Sending:
    return f"/api/v1{(await _undo(scene))[0]}", {}


async def _links_api(scene: Scene) -> Sending:
    return f"/api/v1{(await _import_links(scene))[0]}", {}


async def _drop_api(scene: Scene) -> Sending:
    return f"/api/v1{await _brought(scene, 'done')}", {}


async def item_of(scene: Scene) -> str:
    """The path of an item of the practice."""
    return (await scene.here.publish(scene.word("Carried"), SLUG)).removeprefix(scene.here.origin)


async def _crossing(scene: Scene) -> Sending:
    """ben was there, and notes it."""
    organisation = scene.word("unit")

    def work(tx: Tx) -> None:
        tx.run(
            "INSERT INTO organisation(id, name, folded, sector, place, made) VALUES(:id, :id, :id, '', '', 1)",
            id=organisation,
        )
        tx.run(
            "INSERT INTO affiliation(member, organisation, title, since) VALUES(:ben, :id, '', '2020-01-31')",
            ben=MEMBER, id=organisation,
        )  # fmt: skip

    item = await item_of(scene)
    await scene.here.running.storage.transact(work)
    return f"{item}/crossings", {"kind": "applied", "organisation": organisation, "day": "2021-01-31"}


async def _crossing_api(scene: Scene) -> Sending:
    path, fields = await _crossing(scene)
    return f"/api/v1{path}", fields


async def _noted(scene: Scene) -> str:
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO crossing(id, item, practice, kind, member, organisation, day, note, made)"
            " VALUES(:id, :item, :practice, 'applied', :ben, 'x', '2021-01-31', '', 1)",
            id=scene.word("crossing"), item=f"{scene.here.origin}/items/x", practice=scene.practice, ben=MEMBER,
        )
    )  # fmt: skip
    return f"/crossings/{scene.word('crossing')}"


async def _remove_crossing(scene: Scene) -> Sending:
    return f"{await _noted(scene)}/remove", {}


async def _remove_crossing_api(scene: Scene) -> Sending:
    return f"/api/v1{await _noted(scene)}", {}


async def _drop_kept(scene: Scene) -> Sending:
    id = scene.word("kept")
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO kept_item(id, author, practice, audience, title, said, made, changed)"
            " VALUES(:id, :author, :practice, 'practice', 'x', :said, 1, 1)",
            id=id, author=COORDINATOR, practice=scene.practice, said='{"title":"x","content":"y"}',
        )
    )  # fmt: skip
    return f"/kept/{id}/drop", {}


BROUGHT: dict[str, Act] = {
    "/kept/{id}/drop": Act(_drop_kept),
    "/members/{id}/link": Act(_link, shows=True),
    "/members/{id}/forget": Act(_forget),
    "/imports/new": Act(_import),
    "/items/{id}/crossings": Act(_crossing, MEMBER),
    "/crossings/{id}/remove": Act(_remove_crossing, MEMBER),
    "/imports/{id}/columns": Act(_columns),
    "/imports/{id}/run": Act(_run, elsewhere=_IMPORTS),
    "/imports/{id}/undo": Act(_undo, elsewhere=_IMPORTS),
    "/imports/{id}/drop": Act(_drop),
    "/imports/{id}/links": Act(_import_links, shows=True),
}
BROUGHT_API: dict[str, Act] = {
    "POST /items/{id}/crossings": Act(_crossing_api, MEMBER),
    "DELETE /crossings/{id}": Act(_remove_crossing_api, MEMBER),
    "POST /imports": Act(_import_api),
    "PATCH /imports/{id}": Act(_columns_api),
    "POST /imports/{id}/run": Act(_run_api, elsewhere=_IMPORTS),
    "POST /imports/{id}/undo": Act(_undo_api, elsewhere=_IMPORTS),
    "POST /imports/{id}/links": Act(_links_api),
    "DELETE /imports/{id}": Act(_drop_api),
}
