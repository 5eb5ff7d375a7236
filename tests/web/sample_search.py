"""What the catalog's page is shown with: the orders of its list, and what it says of its index."""

from node.sentence import say, together
from node.web.forms import Form
from node.web.things import Choice

SORTS = (
    Choice("Best match", "/catalog?q=violence", 0, chosen=True),
    Choice("Newest", "/catalog?q=violence&sort=newest", 0),
    Choice("Most adapted", "/catalog?q=violence&sort=adapted", 0),
)
BUILDING = together(
    (
        say("The search index is being built: {done} of {total} items are in it.", done=1_200, total=18_868),
        say("Until then words are found only as they are written, and only domain, kind and language narrow."),
    )
)
KEPT = {
    "form": Form(),
    "query": "q=violence&kind=method",
    "asked_url": "/catalog?q=violence&kind=method",
    "most": 100,
    "searches": (
        {
            "id": "1",
            "name": "Violence, methods",
            "made": 1_790_000_000_000,
            "url": "/catalog?q=violence&kind=method",
            "feed": "https://highpoint.example/feeds/x",
        },
    ),
}
NONE_KEPT = {"form": Form(), "query": "", "asked_url": "/catalog", "most": 100, "searches": ()}
