"""The tree of an item: what it came from, and what was made of it, as their owners signed it."""
