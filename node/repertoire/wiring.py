"""What this room registers with the gate."""

from typing import Any

from node.gate.handler import CommandHandler, Handler
from node.repertoire import rules, store


def repertoire_handlers() -> dict[str, Any]:
    """Arguments for Gate.register."""
    return {
        "nouns": {"Article": Handler(store.load_item, rules.decide_item, store.apply, store.wanted, rules.UNSEEN)},
        "acts": {"Announce": Handler(store.load_announce, rules.decide_announce, store.apply)},
        "commands": {
            rules.PublishItem: CommandHandler(store.load_publish, rules.decide_publish, store.apply),
            rules.EditItem: CommandHandler(store.load_edit, rules.decide_edit, store.apply),
            rules.WithdrawItem: CommandHandler(store.load_withdraw, rules.decide_withdraw, store.apply),
            rules.Recommend: CommandHandler(store.load_recommend, rules.decide_recommend, store.apply),
        },
    }
