"""What this room registers with the gate."""

from typing import Any

from node.coalition import rules, store
from node.federation.actors import ActorNoun
from node.gate.handler import CommandHandler, Handler


def coalition_handlers(actors: ActorNoun) -> dict[str, Any]:
    """Arguments for Gate.register. A Group is an actor first: federation judges its keys, this room its line."""
    practice = store.PracticeNoun(actors)
    return {
        "nouns": {"Group": Handler(practice.load, practice.decide, practice.apply, actors.wanted)},
        "acts": {"Add": Handler(store.load_add, rules.decide_add, store.apply)},
        "commands": {
            rules.FoundCoalition: CommandHandler(store.load_found, rules.decide_found, store.apply),
            rules.OpenPractice: CommandHandler(store.load_open, rules.decide_open, store.apply),
            rules.RotateKeys: CommandHandler(store.load_rotate, rules.decide_rotate, store.apply),
        },
    }
