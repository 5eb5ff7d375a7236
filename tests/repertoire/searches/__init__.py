"""Searches that members keep."""
