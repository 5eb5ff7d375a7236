"""The JSON API: a table of routes from which both the handlers and their OpenAPI 3.1 description are made.

Every route takes a bearer token, reads its body into a Struct, and answers a Struct or an RFC 9457 problem, so that
the description cannot drift from what is served.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import msgspec
from aiohttp import web

from node.gate.handler import Outcome, Who
from node.sentence import say
from node.storage.contract import StorageBusy
from node.web.session import WHO
from protocol import canonical, limits
from protocol.errors import ProtocolError, Reason, problem, status

PREFIX = "/api/v1"

Handle = Callable[[web.Request, Any], Awaitable[msgspec.Struct]]
# Whose an access token is, and what it is good for; None if it is none of this node.
Authenticate = Callable[[str], Awaitable[Who | None]]
# Why somebody may not do an act, in a sentence; empty if they may.
Judge = Callable[[Who, str], Awaitable[str]]


class Route(msgspec.Struct, frozen=True):
    """One operation. query: names of query parameters with what they mean. open: no token is asked.

    scope: what an access token must be good for. A command is judged once more by the gate, as every page's is; act: a
    line of the table of who may do what, where the route only shows something that is not for everybody.
    """

    method: str
    path: str
    summary: str
    handle: Handle
    answer: type
    body: type | None = None
    status: int = 200
    query: Mapping[str, str] = {}
    open: bool = False
    scope: str = "read"
    act: str = ""


class Problem(msgspec.Struct, frozen=True):
    """RFC 9457. `type` is stable; `detail` is one sentence for people."""

    type: str
    title: str
    status: int
    detail: str


def insist(outcome: Outcome) -> None:
    """The problem answer, unless it was done."""
    if not outcome.done:
        raise ProtocolError(outcome.reason, outcome.detail)


def refuse(reason: Reason, detail: str = "") -> web.Response:
    """A problem answer."""
    headers = {"Cache-Control": "no-store"}
    if status(reason) == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="commonweave"'
    if status(reason) in (429, 503):
        headers["Retry-After"] = "10"
    body = msgspec.json.encode(problem(reason, detail))
    return web.Response(status=status(reason), body=body, headers=headers, content_type="application/problem+json")


def mount(app: web.Application, routes: list[Route], authenticate: Authenticate, judge: Judge, version: str) -> None:
    """Add every route, and their description at /api/v1/openapi.json."""
    for route in routes:
        app.router.add_route(route.method, PREFIX + route.path, _handler(route, authenticate, judge))
    described = msgspec.json.encode(describe(routes, version))

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(body=described, content_type="application/json")

    app.router.add_get(f"{PREFIX}/openapi.json", openapi)


def _handler(
    route: Route, authenticate: Authenticate, judge: Judge
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        if not route.open:
            kind, _, token = request.headers.get("Authorization", "").partition(" ")
            who = await authenticate(token.strip()) if kind.lower() == "bearer" else None
            if who is None:
                return refuse(Reason.UNSIGNED, say("This needs an access token: Authorization: Bearer …"))
            if who.scopes is not None and route.scope not in who.scopes:
                return refuse(Reason.NOT_ALLOWED, say("This token is not good for “{scope}”.", scope=route.scope))
            refusal = await judge(who, route.act) if route.act else ""
            if refusal:
                return refuse(Reason.NOT_ALLOWED, refusal)
            request[WHO] = msgspec.structs.replace(who, via="api")
        try:
            body = await _body(request, route.body) if route.body is not None else None
            answer = await route.handle(request, body)
        except ProtocolError as error:
            return refuse(error.reason, error.detail)
        except StorageBusy:
            return refuse(Reason.BUSY)
        return web.Response(
            status=route.status,
            body=msgspec.json.encode(answer, enc_hook=str),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    return handle


async def _body(request: web.Request, kind: type) -> msgspec.Struct:
    try:
        async with asyncio.timeout(limits.BODY_TIMEOUT / 1000):
            raw = await request.read()
    except TimeoutError:
        raise ProtocolError(Reason.TOO_SLOW) from None
    except web.HTTPRequestEntityTooLarge:
        raise ProtocolError(Reason.TOO_LARGE) from None
    if request.content_type != "application/json":
        raise ProtocolError(Reason.WRONG_TYPE, "Send the body as application/json.")
    canonical.parse(raw)  # a key that stands twice is two readings of one wish
    try:
        return cast("msgspec.Struct", msgspec.json.decode(raw, type=cast("Any", kind)))
    except msgspec.ValidationError as error:
        raise ProtocolError(Reason.INVALID, f"{error}.") from None


def describe(routes: list[Route], version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the routes."""
    types = [Problem, *(route.answer for route in routes), *(route.body for route in routes if route.body)]
    unique = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(unique, ref_template="#/components/schemas/{name}")
    named = dict(zip(unique, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation: dict[str, Any] = {
            "summary": route.summary,
            "operationId": _operation_id(route),
            "parameters": _parameters(route),
            "responses": {
                str(route.status): _content("Done.", "application/json", named[route.answer]),
                "default": _content("A problem.", "application/problem+json", named[Problem]),
            },
        }
        if route.body is not None:
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": named[route.body]}},
            }
        if not route.open:
            operation["security"] = [{"token": []}]
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Commonweave node", "version": version, "license": {"name": "AGPL-3.0-or-later"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation_id(route: Route) -> str:
    words = [part.strip("{}") for part in route.path.split("/") if part]
    return route.method.lower() + "".join(word.title() for word in words)


def _parameters(route: Route) -> list[dict[str, Any]]:
    inside = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in inside] + [
        {"name": name, "in": "query", "description": said, "schema": {"type": "string"}}
        for name, said in route.query.items()
    ]


def _content(description: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}
