"""What this room registers with the gate."""

from typing import Any

from node.coalition import rules, store
from node.coalition.caring.wiring import caring_commands
from node.coalition.digests.wiring import digest_commands
from node.coalition.messages.wiring import message_commands, message_nouns
from node.coalition.organisations.wiring import Merged, organisation_commands
from node.coalition.passkeys.wiring import passkey_commands
from node.coalition.people.wiring import Left, people_commands
from node.coalition.practices.wiring import practice_commands
from node.coalition.profiles.wiring import profile_commands
from node.coalition.seats.wiring import seat_commands
from node.coalition.settling.wiring import settling_commands
from node.federation.actors import ActorNoun
from node.gate.handler import CommandHandler, Handler
from node.storage.contract import Reads, Tx


def coalition_handlers(
    actors: ActorNoun, merged: tuple[Merged, ...] = (), left: tuple[Left, ...] = ()
) -> dict[str, Any]:
    """Arguments for Gate.register. A Group is an actor first: federation judges its keys, this room its line.

    merged: what rooms above do when two organisations become one; left: when a member leaves.
    """
    practice = store.PracticeNoun(actors)
    return {
        "nouns": {**message_nouns(), "Group": Handler(practice.load, practice.decide, practice.apply, actors.wanted)},
        "acts": {"Add": Handler(store.load_add, rules.decide_add, store.apply)},
        "commands": {
            **passkey_commands(),
            **seat_commands(),
            **message_commands(),
            **digest_commands(),
            **caring_commands(),
            **people_commands(left),
            **settling_commands(),
            **profile_commands(),
            **organisation_commands(merged),
            **practice_commands(),
            rules.FoundCoalition: CommandHandler(store.load_found, rules.decide_found, store.apply),
            rules.OpenPractice: CommandHandler(
                store.load_open, rules.decide_open, store.apply, "practice.open", names=_opened
            ),
            rules.Operate: CommandHandler(
                _nothing, rules.decide_operate, _apply_nothing, "node.operate", names=_operated
            ),
            rules.RotateKeys: CommandHandler(store.load_present, rules.decide_rotate, store.apply),
            rules.DescribeCoalition: CommandHandler(
                store.load_present, rules.decide_describe, store.apply, "coalition.describe"
            ),
        },
    }


def _opened(_reads: Reads, command: rules.OpenPractice) -> str:
    return command.actor


def _operated(_reads: Reads, command: rules.Operate) -> str:
    return command.subject


def _nothing(_reads: Reads, _command: object) -> None:
    return None


def _apply_nothing(_tx: Tx, _command: object, _effects: tuple[object, ...], _now: int) -> None:
    pass
