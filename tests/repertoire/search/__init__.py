"""The search index, over real databases and real files."""
