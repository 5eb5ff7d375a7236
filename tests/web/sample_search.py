"""What the catalog's page is shown with: the orders of its list, and what it says of its index."""

from node.sentence import say, together
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
