"""Searches that members keep: each with a name, and a feed of what is new in it."""
