"""What stories of trust do at a town: say it, as whoever has the right; and ask what follows."""

from typing import Any

from node.gate.handler import BY_NODE, Outcome
from node.storage.contract import Reads
from node.trust import explaining, listing, rules, words
from node.trust.explaining import Asked
from node.trust.rules import StateTrust, TakeBack
from protocol.vocabulary.trust import STATEMENT
from tests.cluster.kit import Town

SAFETY = "public-safety"
YEAR = 365 * 86_400_000


async def say(town: Town, subject: str, level: str = "vouched", domain: str = SAFETY, **more: Any) -> Outcome:
    """As the coalition, to everyone, for a year; unless said otherwise."""
    now, id = town.clock.now(), town.clock.new_id()
    fields: dict[str, Any] = {
        "kind": STATEMENT, "issuer": town.actor, "subject": subject, "domain": domain, "level": level,
        "until": now + YEAR, "audience": "public", "object": f"{town.origin}/trust/statements/{id}",
        "activity": f"{town.origin}/activities/{town.clock.new_id()}",
    }  # fmt: skip
    return await town.running.gate.perform(StateTrust(**fields | more), BY_NODE)


async def take_back(town: Town, id: str, issuer: str = "") -> Outcome:
    activity = f"{town.origin}/activities/{town.clock.new_id()}"
    return await town.running.gate.perform(TakeBack(id, issuer or town.actor, activity), BY_NODE)


async def way(town: Town, subject: str, domain: str = SAFETY) -> list[tuple[str, str]]:
    """The best way from the town to a subject: issuers and levels; empty if there is none."""

    def work(reads: Reads) -> list[tuple[str, str]]:
        found = explaining.explain(reads, town.running.rooms.trusted, Asked(subject, domain), town.clock.now())
        return [(hop.issuer.id, hop.level) for hop in found.ways[0]] if found.ways else []

    return await town.running.storage.read(work)


async def line(town: Town, subject: str, domain: str = SAFETY) -> str:
    """The same in words."""

    def work(reads: Reads) -> str:
        found = explaining.explain(reads, town.running.rooms.trusted, Asked(subject, domain), town.clock.now())
        return words.line(found)

    return await town.running.storage.read(work)


async def states(town: Town, subject: str) -> list[tuple[str, str, str]]:
    """What is said of a subject, as the steward's page has it: issuer, level, what it is good for."""
    found, _ = await town.running.storage.read(lambda reads: listing.listed(reads, "one", 1, town.clock.now(), subject))
    return sorted((each.hop.issuer.id, each.hop.level, each.state) for each in found)


async def standings(town: Town, subject: str) -> dict[str, str]:
    """Of one subject: issuer → what its word is good for."""
    return {issuer: state for issuer, _, state in await states(town, subject)}


__all__ = ["SAFETY", "YEAR", "line", "rules", "say", "standings", "states", "take_back", "way"]
