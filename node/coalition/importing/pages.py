"""Bringing a table, on pages: choose what it is, send or paste it, match its columns, look, carry out, undo."""

from typing import Any

from aiohttp import web

from node.coalition.awaited.pages import Awaited
from node.coalition.importing import judging, store, workbooks
from node.coalition.importing.bringing import Bringing, Looked, as_csv
from node.coalition.importing.judging import Judged
from node.coalition.importing.kinds import Kind
from node.coalition.importing.tables import MOST_BYTES, MOST_ROWS, too_large
from node.coalition.importing.wiring import ACT
from node.coalition.standing import demand
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say, words
from node.storage.contract import Reads
from node.web.forms import Form, read_act, read_form
from node.web.language import Catalogue, choose
from node.web.pagination import number_of, page_of
from node.web.problem import Refused, insist
from node.web.render import SHELL, render
from node.web.session import session_of, who_of
from node.web.uploads import read_upload
from protocol.errors import Reason

FIRST = 10  # rows that are shown as they are understood
STATES = {
    "draft": words("Not imported yet"),
    "running": words("Being imported"),
    "done": words("Imported"),
    "undoing": words("Being taken back"),
    "undone": words("Taken back"),
}


class ImportPages:
    """Every page here is for those who may import."""

    def __init__(self, desk: Desk, bringing: Bringing, awaited: Awaited) -> None:
        self._desk = desk
        self._bringing = bringing
        self._awaited = awaited

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/imports", self.listed),
            web.get("/imports/new", self.new),
            web.post("/imports/new", self.begin),
            web.get("/imports/templates/{name}", self.template),
            web.get("/imports/{id}", self.show),
            web.post("/imports/{id}/columns", self.match),
            web.post("/imports/{id}/run", self.run),
            web.get("/imports/{id}/undo", self.ask),
            web.post("/imports/{id}/undo", self.undo),
            web.post("/imports/{id}/drop", self.drop),
            web.post("/imports/{id}/links", self.links),
            web.get("/imports/{id}/bad-rows.csv", self.bad_rows),
        ]

    async def listed(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, ACT)
        number = number_of(request.query.get("page"))
        rows, total = await self._desk.storage.read(lambda reads: store.listed(reads, number))
        view = {
            "rows": rows, "kinds": self._bringing.kinds, "states": STATES,
            "page": page_of(number, total, "/imports", size=store.PAGE),
        }  # fmt: skip
        return render(request, "imports.html", view)

    # Bringing it

    def _kind(self, request: web.Request) -> Kind | None:
        return self._bringing.kinds.get(request.query.get("kind", ""))

    async def new(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, ACT)
        return self._new_form(request, Form())

    def _new_form(self, request: web.Request, form: Form) -> web.StreamResponse:
        view = {
            "kinds": list(self._bringing.kinds.values()), "kind": self._kind(request), "form": form,
            "most_rows": MOST_ROWS, "most_megabytes": MOST_BYTES // 1_048_576,
        }  # fmt: skip
        return render(request, "import_new.html", view, form.status)

    async def begin(self, request: web.Request) -> web.StreamResponse:
        """Who sends, and whether they may, is asked before a byte of a file is read."""
        await demand(self._desk, request, ACT)
        kind = self._kind(request)
        if kind is None:
            raise Refused(Reason.NOT_FOUND)
        if request.content_type == "multipart/form-data":
            form, name, brought = await self._uploaded(request)
        else:
            form = await read_form(request)
            name, brought = "", form.value("text")
            if not brought.strip():
                form.wrong("text", say("Table"), say("Please paste a table, or choose a file."))
        if form.ok:
            outcome, id = await self._bringing.begin(kind.name, name, brought, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"/imports/{id}")
            pasted = isinstance(brought, str)
            form.wrong("text" if pasted else "file", say("Table") if pasted else say("File"), outcome.detail)
        return self._new_form(request, form)

    @staticmethod
    async def _uploaded(request: web.Request) -> tuple[Form, str, bytes | str]:
        form, upload = await read_upload(request, "file", MOST_BYTES)
        if upload.too_large:
            form.wrong("file", say("File"), too_large())
        elif form.ok and upload.data is None:
            form.wrong("file", say("File"), say("Please choose a file that is not empty."))
        return form, upload.name, upload.data or b""

    async def template(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, ACT)
        name, _, ending = request.match_info["name"].partition(".")
        kind = self._bringing.kinds.get(name)
        if kind is None or ending not in ("csv", "xlsx"):
            raise Refused(Reason.NOT_FOUND)
        said = _catalogue(request).say
        headings, example = await self._bringing.template(kind, said)
        if ending == "csv":
            return _file(as_csv([headings, example]), f"{name}.csv")
        return _file(workbooks.template(said(kind.title), headings, [example]), f"{name}.xlsx")

    # One that is there

    async def _looked(self, request: web.Request) -> Looked:
        await demand(self._desk, request, ACT)
        looked = await self._bringing.look(request.match_info["id"])
        if looked is None:
            raise Refused(Reason.NOT_FOUND, say("There is no such import, or it was forgotten after its time."))
        return looked

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, await self._looked(request), Form())

    async def _page(self, request: web.Request, looked: Looked, form: Form) -> web.StreamResponse:
        found, number = looked.found, number_of(request.query.get("page"))
        view: dict[str, Any] = {
            "it": found, "kind": looked.kind, "state": STATES[found.state], "numbers": looked.numbers,
            "total": looked.total, "form": form, "here_url": f"/imports/{found.id}",
        }  # fmt: skip
        if found.state == "draft":
            view |= _draft(looked, form, number)
        else:
            wanted = "kept" if found.state == "undone" else "bad"
            view |= {
                "left": await self._bringing.rows(looked, wanted, number),
                "page": page_of(number, looked.numbers.get(wanted, 0), f"/imports/{found.id}", size=store.PAGE),
                "same": [] if number > 1 else await self._bringing.rows(looked, "same", 1),
                "expected": await self._expected(looked),
            }
        return render(request, "import.html", view, form.status)

    async def _expected(self, looked: Looked) -> int:
        """How many of those that this import noted have not come yet."""
        if looked.kind.name != "members" or looked.found.state != "done":
            return 0

        def work(reads: Reads) -> int:
            return reads.the(
                "SELECT COUNT(*) AS n FROM import_row r JOIN member m ON m.id = r.subject AND m.state = 'invited'"
                " WHERE r.import = :id AND r.state = 'made'",
                id=looked.found.id,
            )["n"]  # fmt: skip

        return await self._desk.storage.read(work)

    async def match(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        looked = await self._looked(request)
        columns: dict[str, int] = {}
        for field in looked.kind.fields:
            chosen = form.value(field.name)
            if chosen.isascii() and chosen.isdigit() and len(chosen) < 4:
                columns[field.name] = int(chosen)
        if form.ok:
            outcome = await self._bringing.match(looked.found.id, columns, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"/imports/{looked.found.id}")
            form.wrong("", "", outcome.detail)
        return await self._page(request, looked, form)

    async def run(self, request: web.Request) -> web.StreamResponse:
        return await self._act(request, self._bringing.run)

    async def undo(self, request: web.Request) -> web.StreamResponse:
        return await self._act(request, self._bringing.undo)

    async def _act(self, request: web.Request, act: Any) -> web.StreamResponse:
        form, id = await read_act(request), request.match_info["id"]
        insist(await act(id, who_of(request, form.once)))
        raise web.HTTPSeeOther(f"/imports/{id}")

    async def drop(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        insist(await self._bringing.drop(request.match_info["id"], who_of(request, form.once)))
        raise web.HTTPSeeOther("/imports?said=import-dropped")

    async def ask(self, request: web.Request) -> web.StreamResponse:
        looked = await self._looked(request)
        path = f"/imports/{looked.found.id}"
        view = {
            "heading": say("Undo this import"),
            "question": say("Take back what this import made?"),
            "lost": [
                say("What it made and nobody changed since is removed. People who have not come yet are forgotten."),
                say("Published items are withdrawn here and on every node that holds them; that cannot be undone."),
            ],
            "kept": [
                say("What was changed since stays, and is listed with the reason."),
                say("Members who have come stay members, and practices stay open."),
            ],
            "action": f"{path}/undo", "button": say("Undo the import"), "cancel_url": path, "fields": [],
        }  # fmt: skip
        return render(request, "confirm.html", view)

    async def links(self, request: web.Request) -> web.StreamResponse:
        """A file with a link for each who has not come: made anew, so that the links of an earlier file end."""
        form, id = await read_act(request), request.match_info["id"]
        outcome, made = await self.make_links(id, who_of(request, form.once))
        insist(outcome)
        said = _catalogue(request).say
        headings = [said(say("Name")), said(say("Mail address")), said(say("Link"))]
        return _file(as_csv([headings, *(list(each) for each in made)]), "links.csv")

    async def make_links(self, id: str, who: Who) -> tuple[Outcome, list[tuple[str, str, str]]]:
        return await self._awaited.links(await self._bringing.subjects(id), who)

    async def bad_rows(self, request: web.Request) -> web.StreamResponse:
        looked = await self._looked(request)
        return _file(await self._bringing.bad_rows(looked, _catalogue(request).say), "bad-rows.csv")


def _draft(looked: Looked, form: Form, number: int) -> dict[str, Any]:
    """What the page of a table that waits shows: how it is understood, and what is wrong with it."""
    found, kind = looked.found, looked.kind
    bad, same = looked.waiting("bad"), looked.waiting("same")
    good = looked.waiting("good")
    shown = [field for field in kind.fields if field.name in found.columns]
    begin = (number - 1) * store.PAGE
    known = Form({name: str(at) for name, at in found.columns.items()})
    return {
        "expected": 0,
        "columns": [(str(at), judging.heading(found.headings, at)) for at in range(len(found.headings))],
        "matched": known if form.ok else form,
        "unread": [
            judging.heading(found.headings, at)
            for at in range(len(found.headings))
            if at not in found.columns.values() and found.headings[at]
        ],
        "fault": judging.fault(kind.fields, found.columns, len(found.headings)),
        "shown": [field.label for field in shown],
        "first": [(one.line.number, [one.shown[field.name] for field in shown]) for one in good[:FIRST]],
        "good": len(good), "bad": len(bad), "same": [_why(one) for one in same[: store.PAGE]],
        "same_total": len(same), "left": [_why(one) for one in bad[begin : begin + store.PAGE]],
        "page": page_of(number, len(bad), f"/imports/{found.id}", size=store.PAGE),
    }  # fmt: skip


def _why(one: Judged) -> tuple[int, str, tuple[str, ...], str]:
    called = next((cell for cell in one.line.cells if cell), "")
    return one.line.number, called[:80], judging.reasons(one) or ((one.same,) if one.same else ()), ""


def _catalogue(request: web.Request) -> Catalogue:
    return choose(request, session_of(request).language, request.app[SHELL].site().language)


def _file(body: bytes, name: str) -> web.Response:
    """A file to keep, for whoever asked alone."""
    kind = "text/csv" if name.endswith(".csv") else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    response = web.Response(body=body, content_type=kind, charset="utf-8" if kind == "text/csv" else None)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
