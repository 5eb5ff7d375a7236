"""Who should be in a practice: the seats at its table, as its keepers declared them, and which of them are empty."""
