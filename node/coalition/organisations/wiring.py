"""What the organisations register with the gate."""

from collections.abc import Callable
from typing import Any

from node.coalition.organisations import rules, store
from node.gate.handler import CommandHandler
from node.storage.contract import Reads, Tx

# What a room above does when an organisation is another: (tx, organisation, into).
Merged = Callable[[Tx, str, str], None]


def organisation_commands(merged: tuple[Merged, ...] = ()) -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""

    def merge(tx: Tx, command: rules.MergeOrganisations, effects: tuple[str, ...], now: int) -> None:
        store.apply(tx, command, effects, now)
        for each in merged:
            each(tx, command.organisation, command.into)

    return {
        rules.ChangeOrganisation: CommandHandler(
            store.load, rules.decide_change, store.apply, "organisation.note", names=_named
        ),
        rules.MergeOrganisations: CommandHandler(
            store.load, rules.decide_merge, merge, "organisation.merge", names=_named
        ),
    }


def _named(_reads: Reads, command: rules.ChangeOrganisation | rules.MergeOrganisations) -> str:
    return command.organisation
