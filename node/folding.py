"""Names as they are compared, of towns, organisations and people: "München" is typed "munchen" as well."""

import unicodedata


def fold(text: str) -> str:
    """Without accents, case and doubled spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", text)
    return " ".join("".join(each for each in plain if not unicodedata.combining(each)).casefold().split())
