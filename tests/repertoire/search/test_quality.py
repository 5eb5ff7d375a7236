"""Whether the right thing is found: by a shelf of the project's own, and by real passages where they lie beside it."""

from pathlib import Path

import pytest

from node.clock import SystemClock
from node.repertoire.catalog import Query
from node.repertoire.search.following import Search
from node.storage.sqlite import open_sqlite
from tests.bench import library
from tests.bench.questions import AMONG, NEEDED, QUESTIONS
from tests.repertoire.search.kit import Shelf, method

OURS = (
    ("Calling in the most violent few", "Police, pastors and families speak to the few who do most of the shooting."),
    ("Walking school bus", "Truancy falls when grown-ups walk children to class each morning along a fixed route."),
    ("Housing first", "People who sleep rough get a flat before anything else is asked of them, treatment included."),
    (
        "Mobile clinic for new mothers",
        "A nurse visits at home in the first weeks; fewer infants come to emergency.",
    ),
    ("Participatory budgeting", "Residents decide by vote how a part of the town's money is spent on their street."),
    ("Tool library", "A shed from which neighbours borrow ladders, saws and mowers instead of buying them."),
    ("Vacant lots to gardens", "Greening empty plots made the blocks around them safer, and people met there."),
    ("Second chance hiring", "Employers who take on people with a record, and what made the shops succeed."),
    ("Flood watch by text message", "Volunteers read gauges along the creek and warn downstream by telephone."),
    ("Meetings that people come back to", "Food, child care and a decision each evening: attendance doubled."),
    ("Fare-free buses for pupils", "The transit company lets anyone under eighteen ride without a ticket."),
    ("Repair café", "Once a month broken toasters and trousers are mended together; little is thrown away."),
)
ASKED = (
    ("gun violence shootings police families", 0),
    ("children skipping school", 1),
    ("homeless people sleeping rough", 2),
    ("infant emergency nurse visits", 3),
    ("residents vote on the budget", 4),
    ("borrowing tools from neighbors and neighbours", 5),
    ("turn an empty lot into a garden", 6),
    ("jobs for people with a criminal record", 7),
    ("warn of floods", 8),
    ("how to get attendance at meetings", 9),
    ("free bus rides", 10),
    ("mend broken things", 11),
)


@pytest.mark.parametrize(("typed", "right"), ASKED, ids=[typed for typed, _ in ASKED])
async def test_what_a_coordinator_types_finds_what_they_mean(shelf: Shelf, typed: str, right: int) -> None:
    await shelf.put(*(method(number, title, source=text) for number, (title, text) in enumerate(OURS)))
    await shelf.open()
    assert OURS[right][0] in (await shelf.titles(q=typed))[:2]


@pytest.mark.timeout(240)
async def test_twenty_questions_to_real_passages_on_three_nodes(tmp_path: Path) -> None:
    all_of = library.passages()
    if all_of is None:
        pytest.skip("the passages lie beside the repository where it is developed; they are not here")
    storage = await open_sqlite(tmp_path)
    await library.fill(storage, library.items(all_of, len(all_of), 3), 3)
    search = Search(storage, SystemClock(), tmp_path)
    await search.start()
    places: dict[str, int | None] = {}
    for question in QUESTIONS:
        answer = await search.answer(Query(q=question.typed), ("en",))
        assert answer is not None
        found = [all_of[key - 1] for key in answer.keys]  # in the order in which they were written
        right = [
            place for place, one in enumerate(found, 1) if question.path in one.path and question.words in one.text
        ]
        places[question.typed] = min(right, default=None)
    await search.stop()
    await storage.close()
    assert sum(place is not None and place <= AMONG for place in places.values()) >= NEEDED, places
