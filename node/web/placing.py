"""Where something is, as a form asks it: typed, completed from the gazetteer, and asked again where it is not clear.

Without script the form comes back with the towns that may be meant; with it (static/places.js) they are offered while
one types. A place that no gazetteer knows is kept as it was typed.
"""

import asyncio

import msgspec
from aiohttp import web
from babel import Locale

from node import regions
from node.folding import fold
from node.places import Places
from node.sentence import say
from node.web.forms import Form
from node.web.language import locale_of
from node.web.problem import require_session
from node.web.render import catalogue_of
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.place import NOWHERE, Place

FIELD, CHOSEN = "place", "place_id"
AS_TYPED = "typed"
_OFFERED = 8


class Found(msgspec.Struct, frozen=True):
    """A place that may be meant. value: its GeoNames id or ISO 3166 code."""

    value: str
    label: str
    place: Place


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
        await asyncio.to_thread(regions.load)
        text = request.query.get("q", "")[:100]
        labels = [town.label(locale) for town in gazetteer.matching(text, locale)]
        labels += [region.label(locale) for region in regions.matching(text)]
        return web.json_response(labels, headers={"Cache-Control": "private"})

    async def named(self, text: str, locale: Locale) -> list[Found]:
        """Whatever is called exactly so, or labelled so: towns, and states and countries."""
        gazetteer = await self._places.gazetteer()
        await asyncio.to_thread(regions.load)
        towns = [Found(str(town.geonames), town.label(locale), town.place) for town in gazetteer.named(text, locale)]
        around = [Found(one.code, one.label(locale), one.place) for one in regions.named(text, locale)]
        return [*around, *towns]

    async def likely(self, text: str, locale: Locale) -> list[Found]:
        """Whatever is called so, the likeliest first; else whatever begins so."""
        named = await self.named(text, locale)
        if named:
            return named
        towns = (await self._places.gazetteer()).matching(text, locale)
        around = [Found(one.code, one.label(locale), one.place) for one in regions.matching(text)]
        return [*(Found(str(town.geonames), town.label(locale), town.place) for town in towns), *around]

    async def of(self, chosen: str) -> Place | None:
        """The place of a GeoNames id or an ISO 3166 code; None if it is none that is known."""
        if chosen.isdigit():
            town = (await self._places.gazetteer()).of_id(chosen)
            return town.place if town is not None else None
        await asyncio.to_thread(regions.load)
        region = regions.of_code(chosen)
        return region.place if region is not None else None

    async def meant(self, name: str, value: str) -> Place:
        """The place that a program means: by its id or code, called as it says; or by its name alone.

        INVALID for a value that is no place's.
        """
        if not value:
            return Place(name.strip())
        place = await self.of(value[:100])
        if place is None:
            said = say("“{value}” is no GeoNames id and no ISO 3166 code that is known here.", value=value[:60])
            raise ProtocolError(Reason.INVALID, said)
        return msgspec.structs.replace(place, name=name.strip() or place.name)

    async def read(self, request: web.Request, form: Form, present: Place = NOWHERE) -> Place:
        """The place that a form says; where its name is not enough, the form has a fault and offers which.

        present: the place as it is, which stays as long as its name does.
        """
        text = form.line(FIELD, say("Place"))
        chosen = form.value(CHOSEN)
        if not text:
            return NOWHERE
        if text == present.name and not chosen:
            return present
        if chosen == AS_TYPED:
            return Place(text)
        found = await self.named(text, locale_of(catalogue_of(request).code))
        picked = next((one for one in found if one.value == chosen), None)
        whole = [one for one in found if fold(one.label) == fold(text)]
        if picked is not None or len(found) == 1 or len(whole) == 1:
            return (picked or (whole or found)[0]).place
        if found:
            form.wrong(FIELD, say("Place"), say("There are several places of this name. Say which one you mean."))
            form.offered[FIELD] = [(one.value, one.label) for one in found[:_OFFERED]]
            form.offered[FIELD].append((AS_TYPED, say("None of these: keep it as I typed it")))
        return Place(text)
