"""People write to people: to whoever stands behind an item, and to each other, through the node alone."""
