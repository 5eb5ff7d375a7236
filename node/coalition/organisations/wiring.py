"""What the organisations register with the gate."""

from typing import Any

from node.coalition.organisations import rules, store
from node.gate.handler import CommandHandler
from node.storage.contract import Reads


def organisation_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {
        rules.ChangeOrganisation: CommandHandler(
            store.load, rules.decide_change, store.apply, "organisation.note", names=_named
        ),
        rules.MergeOrganisations: CommandHandler(
            store.load, rules.decide_merge, store.apply, "organisation.merge", names=_named
        ),
    }


def _named(_reads: Reads, command: rules.ChangeOrganisation | rules.MergeOrganisations) -> str:
    return command.organisation
