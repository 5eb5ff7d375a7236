"""The messages of the source, brought into the catalogues of node/web/locale: `make words`.

A message that is new stands there untranslated, for a person to fill in; one that the source does not say any more is
taken out. Two engineers' messages seldom meet: they stand in the order of the alphabet, without line numbers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from protocol.errors import ANSWERS

ROOT = Path(__file__).parents[1]
NODE = ROOT / "node"
LOCALE = NODE / "web" / "locale"
_PYTHON = {"say": None, "words": None, "count": (1, 2)}  # node/sentence.py
_TEMPLATES = {"_": None, "gettext": None, "ngettext": (1, 2)}
_JINJA = {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)  # a catalogue changes when its words do

Message = str | tuple[str, str]  # a message, or the one and the many of it


def messages() -> dict[Message, set[str]]:
    """Every message of the source, with the files that say it."""
    found: dict[Message, set[str]] = {}
    for message, file in _said():
        found.setdefault(message, set()).add(file)
    return found


def _said() -> Iterator[tuple[Message, str]]:
    for _, text in ANSWERS.values():
        yield text, "protocol/errors.py"
    for path in sorted(NODE.rglob("*")):
        if path.suffix == ".py":
            if "from node.sentence import" not in path.read_text("utf-8"):
                continue  # another say()
            method, keywords, options = "python", _PYTHON, {}
        elif path.parent.name == "templates":
            method, keywords, options = "jinja2.ext:babel_extract", _TEMPLATES, _JINJA
        else:
            continue
        for _, message, _, _ in extract_from_file(method, path, keywords, options=options):
            yield (message if isinstance(message, str) else (message[0], message[1])), str(path.relative_to(ROOT))


def path_of(code: str) -> Path:
    return LOCALE / code / "LC_MESSAGES" / "commonweave.po"


def read(code: str) -> Catalog:
    """A language's catalogue as it is; empty if there is none yet."""
    path = path_of(code)
    return read_po(BytesIO(path.read_bytes() if path.exists() else b""), locale=code)


def updated(code: str) -> Catalog:
    """The same with the source's messages, all of them and no others."""
    kept = read(code)
    made = Catalog(
        locale=code, project="Commonweave", version="1", copyright_holder="its authors", charset="utf-8",
        msgid_bugs_address="the project", last_translator="the project", language_team="the project",
        header_comment="# The words of Commonweave's pages. `make words` brings the source's messages here.",
        creation_date=_BEGUN, revision_date=_BEGUN, fuzzy=False,
    )  # fmt: skip
    for message, files in messages().items():
        held = kept.get(message)
        said = held.string if held is not None and not held.fuzzy else ""
        made.add(message, said or None, locations=[(file, None) for file in sorted(files)])
    return made


def missing(code: str) -> list[Message]:
    """The messages that this language has no words for."""
    return [message.id for message in updated(code) if message.id and not all(_forms(message.string))]


def _forms(said: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (said or "",) if said is None or isinstance(said, str) else tuple(said)


def main() -> None:
    """Bring every catalogue up to date, and say what is not translated."""
    for folder in sorted(LOCALE.iterdir()):
        if not folder.is_dir():
            continue
        code = folder.name
        written = BytesIO()
        write_po(written, updated(code), width=120, sort_output=True, include_lineno=False)
        path_of(code).write_bytes(written.getvalue())
        lacking = missing(code)
        print(f"{code}: {len(lacking)} of {len(messages())} messages are not translated.")
        for message in lacking:
            print(f"  {message if isinstance(message, str) else ' | '.join(message)}")


if __name__ == "__main__":
    main()
