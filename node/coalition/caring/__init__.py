"""Why somebody cares about a practice, in one line of their own; private until they show it to its members."""
