"""A list has pages, and says which one this is. No feed without end.

Pure. The first page has no number in its address, so that a list has one address.
"""

from collections.abc import Iterable
from urllib.parse import urlencode

from node.web.things import PageOf

SIZE = 20
MOST = 100_000  # a page number beyond any list's: larger ones are a mistyped address, or someone playing


def number_of(text: str | None) -> int:
    """The page number in a query, 1 for anything that is none."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 6:
        return 1
    return min(max(int(text), 1), MOST)


def offset_of(number: int, size: int = SIZE) -> int:
    """How many entries stand before this page."""
    return (number - 1) * size


def page_of(number: int, total: int, path: str, query: Iterable[tuple[str, str]] = (), size: int = SIZE) -> PageOf:
    """Which page this is and where its neighbours are. `query`: what else the address holds; its `page` is replaced.

    A number behind the last page is kept as asked, with `previous` leading back to the last page.
    """
    rest = [(name, value) for name, value in query if name != "page" and value]
    pages = max(1, -(-total // size))

    def url(wanted: int) -> str:
        asked = urlencode([*rest, *([("page", str(wanted))] if wanted > 1 else [])])
        return f"{path}?{asked}" if asked else path

    return PageOf(
        number=number,
        pages=pages,
        total=total,
        previous=url(min(number - 1, pages)) if number > 1 else None,
        next=url(number + 1) if number < pages else None,
    )
