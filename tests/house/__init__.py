"""The rules of the house, checked on every file."""
