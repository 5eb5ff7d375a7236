"""What this room's tables can be made into: members who are expected, organisations, practices.

The headings by which a column is known are folded (no accents, small letters), in English and Spanish.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from node.coalition.awaited.rules import Await, NoteOrganisation, RemoveOrganisation, Unawait
from node.coalition.importing.kinds import (
    Cell,
    Field,
    Kind,
    Practices,
    Values,
    Wish,
    day,
    in_any_language,
    line,
    mail,
    one_of,
    practice,
    prose,
    slug,
    slugged,
)
from node.coalition.people.rules import SECTORS, sign_in_fault, sign_in_name
from node.coalition.permissions import ROLES
from node.coalition.practices.opening import NewPractice
from node.folding import fold
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import Sentence, say, words
from node.storage.contract import Reads
from node.web import words as web_words
from protocol import identifiers
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.actors import LEVELS
from protocol.vocabulary.repertoire import check_domain

_SECTORS = MappingProxyType(
    {
        "public": "public", "government": "public", "publico": "public", "sector publico": "public",
        "gobierno": "public", "private": "private", "business": "private", "privado": "private",
        "sector privado": "private", "empresa": "private", "nonprofit": "nonprofit", "non-profit": "nonprofit",
        "not for profit": "nonprofit", "ngo": "nonprofit", "civil society": "nonprofit",
        "sin fines de lucro": "nonprofit", "sin animo de lucro": "nonprofit", "ong": "nonprofit",
    }
)  # fmt: skip
_ROLES = MappingProxyType(
    {
        "core": "core", "core member": "core", "coordinador": "coordinator", "coordinadora": "coordinator",
        "nucleo": "core", "grupo nucleo": "core", "miembro": "member", "miembro honorario": "honorary",
        "experto": "expert", "experta": "expert", "facilitador": "facilitator", "facilitadora": "facilitator",
        "enlace con patrocinadores": "sponsor-liaison", "intermediario": "broker", "intermediaria": "broker",
        "custodio": "steward", "custodia": "steward",
    }
)  # fmt: skip
_LEVELS = MappingProxyType(
    {
        "neighborhood": "neighbourhood", "barrio": "neighbourhood", "ciudad": "city", "city and region": "city",
        "estado": "state", "provincia": "state", "province": "state", "nacion": "nation", "pais": "nation",
        "country": "nation", "national": "nation", "region": "region", "mundo": "world",
    }
)  # fmt: skip


def _fine(_values: Values) -> Sentence | None:
    return None


def _sign_in(text: str, _practices: Practices) -> Cell:
    if sign_in_fault(sign_in_name(text)):
        return Cell(wrong=say("A sign-in name has small letters, digits, dots and hyphens, at most 40."))
    return Cell(sign_in_name(text))


def domain(text: str, _practices: Practices) -> Cell:
    """A path of slugs, or the words of a root and what lies below it: "Public safety > Gun violence"."""
    parts = [part.strip() for part in text.replace("›", "/").replace(">", "/").split("/")]
    path = "/".join(
        [in_any_language(web_words.DOMAINS).get(fold(parts[0]), parts[0]), *(slugged(part) for part in parts[1:])]
    )
    try:
        return Cell(check_domain(path))
    except ProtocolError:
        listed = ", ".join(web_words.DOMAINS)
        return Cell(wrong=say("“{text}” is no domain. A domain begins with one of: {listed}.", text=text[:60],
                              listed=listed))  # fmt: skip


def members(desk: Desk) -> Kind:
    """People who are expected. Nobody is a member by it: each comes by a link of their own."""

    def check(values: Values) -> Sentence | None:
        if values["role"] and not values["practice"]:
            return say("A role is in a practice: say in which.")
        return None

    def same(values: Values) -> tuple[str, ...]:
        keys = [f"{what} {values[what]}" for what in ("email", "sign_in") if values[what]]
        return tuple(keys) or (f"name {values['name']}",)

    def here(reads: Reads, keys: frozenset[str]) -> frozenset[str]:
        found: set[str] = set()
        for row in reads.all("SELECT email, sign_in, name FROM member WHERE state <> 'left'"):
            found |= {f"email {row['email']}", f"sign_in {row['sign_in']}", f"name {row['name']}"}
        return keys & found

    async def make(wish: Wish, who: Who) -> Outcome:
        return await desk.gate.perform(Await(wish.subject, **wish.values), who)

    return Kind(
        "members",
        words("Members"),
        words("People you expect. Each becomes a member by their own act, by a link that you give them."),
        (
            Field("name", words("Name"), line(), ("full name", "nombre", "nombre completo", "member", "miembro"), True,
                  "Ada Martínez"),
            Field("email", words("Mail address"), mail, ("email", "e mail", "mail", "email address", "e mail address",
                  "correo", "correo electronico", "direccion de correo"), example="ada@example.org"),
            Field("organisation", words("Organisation"), line(), ("organization", "employer", "company", "agency",
                  "organizacion", "empresa", "institucion", "entidad"), example="City Hospital"),
            Field("title", words("Position"), line(), ("job title", "title", "job", "cargo", "puesto"),
                  example="Trauma nurse"),
            Field("since", words("There since"), day, ("since", "start date", "desde", "fecha de inicio"),
                  example="2024-05-31"),
            Field("sector", words("Sector"), one_of(SECTORS, _SECTORS), ("type of organisation",), example="public"),
            Field("discipline", words("Discipline"), line(), ("profession", "field", "disciplina", "profesion"),
                  example="Nursing"),
            Field("help", words("Can help with"), prose(1_000), ("help", "skills", "offers", "puede ayudar con",
                  "habilidades", "ofrece"), example="Talking with families"),
            Field("practice", words("Practice"), practice, ("community", "group", "practica", "comunidad", "grupo"),
                  example=""),
            Field("role", words("Role"), one_of(ROLES, _ROLES), ("rol", "funcion"), example=""),
            Field("sign_in", words("Sign-in name"), _sign_in, ("user name", "username", "login", "usuario",
                  "nombre de usuario"), example="ada"),
        ),
        check, same, here, lambda id, _values: id, make, lambda _values: "",
        lambda subject, _was, who: desk.gate.perform(Unawait(subject), who),
        _named("SELECT name FROM member WHERE id = :id AND state <> 'left'"), lambda id: f"/members/{id}",
    )  # fmt: skip


def organisations(desk: Desk) -> Kind:
    """Formal organisations, beside the practices."""

    def here(reads: Reads, keys: frozenset[str]) -> frozenset[str]:
        return keys & {row["folded"] for row in reads.all("SELECT folded FROM organisation")}

    async def make(wish: Wish, who: Who) -> Outcome:
        return await desk.gate.perform(NoteOrganisation(wish.subject, **wish.values), who)

    async def take(subject: str, was: str, who: Who) -> Outcome:
        name, sector, place = was.split("\n")
        return await desk.gate.perform(RemoveOrganisation(subject, (name, sector, place)), who)

    return Kind(
        "organisations",
        words("Organisations"),
        words("The agencies, companies and associations that members come from."),
        (
            Field("name", words("Name"), line(), ("organisation", "organization", "nombre", "organizacion", "company",
                  "agency", "institucion"), True, "City Hospital"),
            Field("sector", words("Sector"), one_of(SECTORS, _SECTORS), ("type", "tipo"), example="public"),
            Field("place", words("Place"), line(), ("city", "town", "location", "lugar", "ciudad", "localidad"),
                  example="Fort Wayne"),
        ),
        _fine, lambda values: (fold(values["name"]),), here, lambda id, _values: id, make,
        lambda values: "\n".join((values["name"], values["sector"], values["place"])), take,
        _named("SELECT name FROM organisation WHERE id = :id"), lambda _id: "",
    )  # fmt: skip


def practices(desk: Desk, open_practice: Callable[[NewPractice, Who], Awaitable[Outcome]]) -> Kind:
    """Practices of this node. What was opened is told to others at once, so it is not taken back."""

    def address(values: Values) -> str:
        return values["slug"] or slugged(values["name"])

    def check(values: Values) -> Sentence | None:
        if not identifiers.is_slug(address(values)) or address(values) == "new":
            return say("No address can be made of this name: write one in the column for addresses.")
        return None

    def here(reads: Reads, keys: frozenset[str]) -> frozenset[str]:
        return keys & {row["slug"] for row in reads.all("SELECT slug FROM practice WHERE local = 1")}

    async def make(wish: Wish, who: Who) -> Outcome:
        values = wish.values
        return await open_practice(
            NewPractice(slug=address(values), name=values["name"], domain=values["domain"],
                        level=values["level"] or "city", summary=values["summary"], place=values["place"]),
            who,
        )  # fmt: skip

    async def take(_subject: str, _was: str, _who: Who) -> Outcome:
        why = say("A practice's address is told to others when it is opened, so it stays. Describe it anew instead.")
        return Outcome(Reason.NOT_ALLOWED, why)

    return Kind(
        "practices",
        words("Practices"),
        words("Communities of practice of this coalition. Each has a page and an address that others can follow."),
        (
            Field("name", words("Name"), line(), ("practice", "nombre", "practica", "community"), True,
                  "Gun violence response"),
            Field("domain", words("Domain"), domain, ("topic", "dominio", "tema", "ambito"), True,
                  "Public safety > Gun violence"),
            Field("slug", words("Address"), slug, ("slug", "direccion"), example="gun-violence"),
            Field("level", words("Level"), one_of({level: web_words.LEVELS[level] for level in LEVELS}, _LEVELS),
                  ("nivel",), example="city"),
            Field("place", words("Place"), line(), ("city", "lugar", "ciudad"), example="Fort Wayne"),
            Field("summary", words("What it cares about"), prose(4_000), ("summary", "description", "about", "resumen",
                  "descripcion", "de que se ocupa"), example="What a city can do after a shooting."),
        ),
        check, lambda values: (address(values),), here,
        lambda _id, values: identifiers.practice_actor(desk.origin, address(values)), make, lambda _values: "", take,
        _named("SELECT name FROM practice WHERE actor = :id AND local = 1"),
        lambda actor: "/" + actor.split("/", 3)[3],
    )  # fmt: skip


def _named(sql: str) -> Callable[[Reads, tuple[str, ...]], Mapping[str, str]]:
    def named(reads: Reads, subjects: tuple[str, ...]) -> Mapping[str, str]:
        found = {subject: reads.one(sql, id=subject) for subject in subjects}
        return {subject: row["name"] for subject, row in found.items() if row is not None}

    return named
