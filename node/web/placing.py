"""Where something is, as a form asks it: typed, completed from the gazetteer, and asked again where it is not clear.

Without script the form comes back with the towns that may be meant; with it (static/places.js) they are offered while
one types. A place that no gazetteer knows is kept as it was typed.
"""

from aiohttp import web

from node.places import Places
from node.sentence import say
from node.web.forms import Form
from node.web.language import locale_of
from node.web.problem import require_session
from node.web.render import catalogue_of
from protocol.vocabulary.place import NOWHERE, Place

FIELD, CHOSEN = "place", "place_id"
AS_TYPED = "typed"
_OFFERED = 8


class Placing:
    """One for a node: the rooms' forms share the gazetteer."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/places", self.suggest)]

    async def suggest(self, request: web.Request) -> web.StreamResponse:
        """GET /places?q=High: labels, for a field that completes what is typed. For who is signed in."""
        require_session(request)
        gazetteer, locale = await self._places.gazetteer(), locale_of(catalogue_of(request).code)
        towns = gazetteer.matching(request.query.get("q", "")[:100], locale)
        return web.json_response([town.label(locale) for town in towns], headers={"Cache-Control": "private"})

    async def read(self, request: web.Request, form: Form) -> Place:
        """The place that a form says; where its name is not enough, the form has a fault and offers which."""
        text = form.line(FIELD, say("Place"))
        chosen = form.value(CHOSEN)
        if not text:
            return NOWHERE
        if chosen == AS_TYPED:
            return Place(text)
        gazetteer, locale = await self._places.gazetteer(), locale_of(catalogue_of(request).code)
        towns = gazetteer.named(text, locale)
        picked = next((town for town in towns if str(town.geonames) == chosen), None)
        if picked is not None or len(towns) == 1:
            return (picked or towns[0]).place
        if towns:
            form.wrong(FIELD, say("Place"), say("There are several places of this name. Say which one you mean."))
            form.offered[FIELD] = [(str(town.geonames), town.label(locale)) for town in towns[:_OFFERED]]
            form.offered[FIELD].append((AS_TYPED, say("None of these: keep it as I typed it")))
        return Place(text)
