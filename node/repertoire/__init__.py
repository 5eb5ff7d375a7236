"""What we know: repertoire items, adaptations and the catalog."""
