"""What imports register with the gate."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from node.coalition.importing import rules, store
from node.coalition.importing.kinds import Kind
from node.gate.handler import CommandHandler
from node.storage.contract import Reads

ACT = "import"


def importing_handlers(kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Arguments for Gate.register."""

    def of(decide: Any, act: str = ACT) -> CommandHandler[Any, Any, Any]:
        return CommandHandler(partial(store.load, kinds), decide, store.apply, act, names=_id)

    return {
        "commands": {
            rules.BeginImport: of(rules.decide_begin),
            rules.MatchColumns: of(rules.decide_match),
            rules.RunImport: of(rules.decide_run),
            rules.UndoImport: of(rules.decide_undo),
            rules.DropImport: of(rules.decide_drop),
            rules.NoteRows: of(rules.decide_note, ""),
        }
    }


def _id(_reads: Reads, command: Any) -> str:
    return command.id
