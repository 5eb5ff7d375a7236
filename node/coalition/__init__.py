"""Who we are: the coalition that owns this node, and its practices."""
