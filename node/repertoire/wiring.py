"""What this room registers with the gate."""

from typing import Any

from node.gate import objects
from node.gate.handler import CommandHandler, Handler
from node.repertoire import rules, store
from node.repertoire.adapting.wiring import adapting_commands
from node.repertoire.coaching.wiring import coaching_acts, coaching_commands, coaching_nouns
from node.repertoire.crossings.wiring import crossing_commands
from node.repertoire.kept.wiring import kept_commands
from node.repertoire.searches.wiring import search_commands
from node.storage.contract import Reads


def repertoire_handlers() -> dict[str, Any]:
    """Arguments for Gate.register."""
    undo = Handler(store.load_retraction, rules.decide_retraction, store.apply, store.always)
    return {
        "nouns": {
            "Article": Handler(store.load_item, rules.decide_item, store.apply, store.wanted, rules.UNSEEN),
            **coaching_nouns(),
        },
        "acts": {
            "Announce": Handler(store.load_announce, rules.decide_announce, store.apply),
            **coaching_acts(),
        },
        # Of activities that stand in sets only Announces are undone, so one that is not here yet is taken for one.
        "undos": {"Announce": undo, objects.UNHELD: undo},
        "commands": {
            **crossing_commands(),
            **kept_commands(),
            **adapting_commands(),
            **search_commands(),
            **coaching_commands(),
            rules.PublishItem: CommandHandler(
                store.load_publish, rules.decide_publish, store.apply, "item.publish", _written_in, names=_written
            ),
            rules.EditItem: CommandHandler(
                store.load_edit, rules.decide_edit, store.apply, "item.edit", _written_in, names=_written
            ),
            rules.WithdrawItem: CommandHandler(
                store.load_withdraw, rules.decide_withdraw, store.apply, "item.withdraw", _held_in, names=_named
            ),
            rules.Recommend: CommandHandler(
                store.load_recommend, rules.decide_recommend, store.apply, "item.recommend", names=_named
            ),
        },
    }


def _written_in(_reads: Reads, command: rules.PublishItem | rules.EditItem) -> str:
    return command.item.attributed_to


def _written(_reads: Reads, command: rules.PublishItem | rules.EditItem) -> str:
    return command.item.id


def _held_in(reads: Reads, command: rules.WithdrawItem) -> str:
    row = store.state(reads, command.id)
    return row["owner"] if row else ""


def _named(_reads: Reads, command: rules.WithdrawItem | rules.Recommend) -> str:
    return command.id
