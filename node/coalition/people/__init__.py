"""The members of the coalition: how they come in, what they are, how they go. Nothing of them leaves the node."""
