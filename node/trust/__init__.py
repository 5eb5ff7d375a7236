"""Whom we trust, for what, and why: statements, what follows from them for this node, and the reason in words."""
