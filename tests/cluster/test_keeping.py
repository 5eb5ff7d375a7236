"""What is not public: a draft is its author's, an item for members theirs; nothing of it leaves, not even a count."""

from pathlib import Path

import pytest

from tests.cluster.kit import cluster, settle
from tests.cluster.people import Person, Place

pytestmark = pytest.mark.usefixtures("both_engines")

WRITTEN = {
    "title": "Before we call them in", "content": "Whom we *will* name.", "license": "CC-BY-4.0", "language": "en",
    "kind": "method", "problem": "Shootings.",
}  # fmt: skip
NEW = "/items/new"


async def keep(person: Person, **more: str) -> str:
    """Where it is kept."""
    status, text, where = await person.post(NEW, NEW, **{**WRITTEN, "practice": "guns", **more})
    assert status == 303, text
    return where.partition("?")[0]


async def test_a_draft_is_its_authors_and_members_items_are_theirs(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (here, there):
        await here.open_practice("guns")
        await here.open_practice("schools")
        await there.follow(here.origin)
        place = Place(here)
        try:
            ana = await place.member("Ana", await place.operator(), role="coordinator")
            ben = await place.member("Ben", ana, practice="guns")
            eve = await place.member("Eve", ana, practice="schools")
            draft = await keep(ben, act="draft", title="", license="")
            assert "A draft" in (await ben.get(draft))[1]
            for person in (ana, eve, await place.operator(), place.somebody()):
                status, text = await person.get(draft)
                assert status in (303, 403, 404)
                assert "Whom we" not in text
            assert "Without a title" in (await ben.get("/kept"))[1]
            assert "Without a title" not in (await ana.get("/kept"))[1]
            status, text = await ben.get(f"{NEW}?kept={draft.rpartition('/')[2]}")
            assert "Whom we *will* name." in text
            assert (await ana.get(f"{NEW}?kept={draft.rpartition('/')[2]}"))[0] == 404
            assert (await ana.post(f"{draft}/drop", "/kept"))[0] == 404

            status, text, _ = await ben.post(
                NEW, NEW, **{**WRITTEN, "practice": "guns", "audience": "practice", "title": ""}
            )
            assert status == 422, "what others read is judged"
            assert "Whom we *will* name." in text
            members = await keep(ben, act="publish", audience="practice")
            node = await keep(ben, act="publish", audience="node", title="For all of us")
            assert "Whom we" in (await ben.get(members))[1]
            assert (await eve.get(members))[0] == 404
            assert (await eve.get(node))[0] == 200
            assert "Before we call" not in (await eve.get("/kept"))[1]
            assert "For all of us" in (await eve.get("/kept"))[1]

            # None of it is anywhere else: no card, no activity, no entry of a set, here or there.
            assert await here.titles() == []
            for table in ("item", "object"):
                assert await there.rows(f"SELECT 1 AS yes FROM {table} WHERE id LIKE '%/items/%'") == []
            said = await here.rows("SELECT raw FROM activity WHERE raw IS NOT NULL")
            assert not [row for row in said if b"Whom we" in bytes(row["raw"])]
            for path in (
                "/",
                "/catalog",
                "/practices/guns",
                "/practices/guns/outbox",
                "/api/v1/catalog",
                members,
                "/kept",
            ):
                text = (await here.page(path))[1]
                assert "Before we call" not in text
                assert "For all of us" not in text

            # Published from what was kept, it is a new item, and is kept no more.
            kept = f"{NEW}?kept={members.rpartition('/')[2]}"
            status, text, where = await ben.post(kept, kept, **{**WRITTEN, "practice": "guns", "audience": "public"})
            assert (status, where.endswith("said=published")) == (303, True), text
            assert (await ben.get(members))[0] == 404
            assert await here.titles() == ["Before we call them in"]

            async def came() -> bool:
                return await there.titles() == ["Before we call them in"]

            await settle(came, "it is public now")
            item = where.partition("?")[0]
            seen = (await ben.get(f"{item}?as=everyone"))[1]
            assert "As everybody sees it." in seen
            assert "/edit" not in seen
            seen = (await ana.get(f"{item}?as={there.origin.partition('//')[2]}"))[1]
            assert "As fort-wayne sees it." in seen
            assert "As " not in (await here.page(f"{item}?as=everyone"))[1].partition("<main")[2].partition("<h1")[0]

            # Whoever leaves takes their drafts along; what was for others stays theirs.
            held = (await ben.get("/me/data.json"))[1]
            assert "Whom we *will* name." in held
            assert (await ben.post("/me/leave", "/me/leave"))[0] == 303
            assert await here.rows("SELECT author, audience FROM kept_item") == [{"author": "", "audience": "node"}]
        finally:
            for person in place.people:
                await person.client.close()
