"""The rooms of a node: what they register with the gate, their pages, and their part of the API.

A new room, or a new part of one, is named here and nowhere else.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from node.coalition.api import CoalitionApi
from node.coalition.awaited.pages import Awaited
from node.coalition.caring import store as caring_store
from node.coalition.caring.pages import Caring
from node.coalition.connections import Connections
from node.coalition.digests import store as digest_store
from node.coalition.digests.pages import Digests
from node.coalition.digests.sending import Digesting
from node.coalition.importing import nouns
from node.coalition.importing.api import ImportApi
from node.coalition.importing.bringing import Bringing
from node.coalition.importing.carrying import Carrying
from node.coalition.importing.kinds import by_name
from node.coalition.importing.pages import ImportPages
from node.coalition.importing.wiring import importing_handlers
from node.coalition.messages import store as message_store
from node.coalition.messages.pages import Messages
from node.coalition.operation import Operation
from node.coalition.organisations.api import OrganisationsApi
from node.coalition.organisations.pages import Organisations
from node.coalition.pages import CoalitionPages
from node.coalition.passkeys import store as passkey_store
from node.coalition.passkeys.ceremony import Ceremony
from node.coalition.passkeys.pages import Passkeys
from node.coalition.people.api import MembersApi
from node.coalition.people.directory import Directory
from node.coalition.people.joining import Joining
from node.coalition.people.own import Own
from node.coalition.people.own_api import OwnApi
from node.coalition.practices.api import PracticeApi
from node.coalition.practices.describing import Describing
from node.coalition.practices.finding import Finding
from node.coalition.practices.finding_api import FindingApi
from node.coalition.practices.home import Home
from node.coalition.practices.noting import Noting
from node.coalition.practices.opening import Opening
from node.coalition.practices.splitting import Splitting
from node.coalition.profiles.pages import Profiles
from node.coalition.seats.pages import Seats
from node.coalition.settling.api import SettingsApi
from node.coalition.settling.first import First
from node.coalition.settling.letters import Letters
from node.coalition.settling.pages import Settings
from node.coalition.wiring import coalition_handlers
from node.federation.actors import ActorNoun
from node.gate.desk import Desk
from node.keystore import Keystore
from node.places import Places
from node.repertoire import views
from node.repertoire.adapting.pages import Adapting
from node.repertoire.api import RepertoireApi
from node.repertoire.coaching import store as coaching_store
from node.repertoire.coaching.pages import Coaches
from node.repertoire.crossings import store as crossing_store
from node.repertoire.crossings.pages import Crossings
from node.repertoire.editing import Editing
from node.repertoire.importing import items
from node.repertoire.kept import store as kept_store
from node.repertoire.kept.api import KeptApi
from node.repertoire.kept.pages import Keeping
from node.repertoire.lineage.pages import LineagePages
from node.repertoire.news import news
from node.repertoire.outside.pages import OutOfTheHouse
from node.repertoire.pages import RepertoirePages
from node.repertoire.search.following import Search
from node.repertoire.searches.api import SearchesApi
from node.repertoire.searches.pages import Searches
from node.repertoire.together import together
from node.repertoire.wiring import repertoire_handlers
from node.trust import listing as trust_listing
from node.trust import store as trust_store
from node.trust.memory import Memory
from node.trust.pages import TrustPages
from node.trust.stating import Stating
from node.trust.wiring import trust_handlers
from node.web.api import Route
from node.web.placing import Placing

Document = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Outside(msgspec.Struct, frozen=True):
    """What rooms ask of the rest of the node.

    actor, item: answer with a document for other servers. resolve: an actor's id from what a person types. refresh,
    repin: ask an actor's origin again. unpause: deliver to a host again. reachable: why others cannot reach us.
    renamed: the coalition is described anew.
    """

    actor: Document
    item: Document
    resolve: Callable[[str], Awaitable[str]]
    refresh: Callable[[str], Awaitable[None]]
    repin: Callable[..., Awaitable[Any]]
    unpause: Callable[..., Awaitable[Any]]
    reachable: Callable[[], Awaitable[str]]
    renamed: Callable[[], Awaitable[None]]
    version: str


# What the rooms forget when a member leaves.
_LEFT = (kept_store.forget, trust_store.leave, message_store.leave, digest_store.leave, caring_store.leave)


class Rooms:
    """Made with the node; opened when its door is."""

    def __init__(self, desk: Desk, keystore: Keystore, directory: Path) -> None:
        self._desk = desk
        self._keystore = keystore
        self.joining = Joining(desk, keystore.seal)
        self.ceremony = Ceremony(desk.origin, desk.clock, keystore.seal)
        self.passkeys = Passkeys(desk, self.joining, self.ceremony)
        self._placing = Placing(Places())
        self._opening = Opening(desk, keystore, self._placing)
        self._kinds = by_name(
            (nouns.members(desk), nouns.organisations(desk), nouns.practices(desk, self._opening.open), items(desk))
        )
        self.importing = Carrying(desk, self._kinds)
        self.search = Search(desk.storage, desk.clock, directory)
        self.trusted = Memory()
        self.digesting = Digesting(desk, news)

    def handlers(self, actors: ActorNoun) -> tuple[dict[str, Any], ...]:
        """What the rooms do with activities and commands: arguments for Gate.register."""
        return (
            coalition_handlers(actors, (crossing_store.merge,), _LEFT),
            trust_handlers(),
            repertoire_handlers(),
            importing_handlers(self._kinds),
        )

    def open(self, outside: Outside) -> tuple[list[web.RouteDef], list[Route]]:
        """Every page, and every route of the API."""
        desk, keystore, placing = self._desk, self._keystore, self._placing
        trust, stating = TrustPages(desk, self.trusted, outside.item, together), Stating(desk)
        repertoire = RepertoirePages(desk, outside.item, self.search, self.trusted, trust.line)
        seats = Seats(desk)
        searches, keeping = Searches(desk, self.search), Keeping(desk)
        lineage, adapting, coaches = LineagePages(desk), Adapting(desk), Coaches(desk, outside.item)
        connections = Connections(desk, outside.resolve, outside.refresh)
        operation = Operation(desk, keystore, outside.unpause, outside.repin, outside.refresh, outside.version)
        awaited, bringing = Awaited(desk, keystore.seal), Bringing(desk, self._kinds, self.importing)
        imports, crossings = ImportPages(desk, bringing, awaited), Crossings(desk)
        describing, splitting = Describing(desk, placing), Splitting(desk, self._opening)
        noting, finding = Noting(desk, placing), Finding(desk, placing)
        held = {
            "brought_in_and_applied": crossing_store.of_member,
            "passkeys": passkey_store.of_member,
            "asked_to_coach": coaching_store.of_member,
            "kept_items": kept_store.of_member,
            "trust_said_at_home": trust_listing.of_member,
            "messages": message_store.of_member,
            "why_they_care": caring_store.of_member,
        }
        own = Own(desk, self.joining, keystore.seal, held, coaching_store.waiting)
        letters, messages = Letters(desk.storage), Messages(desk, views.titled)
        digests, caring = Digests(desk, self.digesting), Caring(desk)
        settings = Settings(desk, placing, self.joining, letters, outside.reachable, outside.renamed)
        profiles = Profiles(desk, keystore, outside.actor, trust.line)
        rooms = (
            placing,
            First(desk, self.joining, keystore.seal),
            settings,
            self.joining,
            self.passkeys,
            Directory(desk),
            own,
            profiles,
            Organisations(desk),
            messages,
            digests,
            caring,
            seats,
            awaited,
            imports,
            Editing(desk, keeping),
            keeping,
            crossings,
            searches,
            repertoire,
            lineage,
            adapting,
            coaches,
            trust,
            stating,
            OutOfTheHouse(desk, self.search),
            CoalitionPages(desk, outside.actor, repertoire.cards),
            self._opening,
            Home(desk, outside.actor, repertoire.cards, trust.line),
            describing,
            splitting,
            noting,
            finding,
            connections,
            operation,
        )
        programs = (
            PracticeApi(desk, placing, self._opening, describing, splitting),
            FindingApi(desk, placing, noting),
            CoalitionApi(connections, operation),
            RepertoireApi(desk, self.search),
            MembersApi(desk, self.joining, awaited),
            OwnApi(desk, own, self.joining, profiles),
            SettingsApi(desk, settings, letters, placing),
            OrganisationsApi(desk),
            SearchesApi(searches),
            KeptApi(desk, keeping),
            ImportApi(desk, bringing, imports),
        )
        pages = [route for room in rooms for route in room.routes()]
        routes = [route for program in programs for route in program.routes()]
        routes += [*trust.api(), *stating.api(), *messages.api(), *digests.api(), *caring.api()]
        return pages, [*routes, *crossings.api(), *seats.api(), *lineage.api(), *adapting.api(), *coaches.api()]
