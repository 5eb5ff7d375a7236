"""How both engines go about everything that a node says to them in a day: no hot statement walks through a table."""
