"""What its members carry between their organisations and a practice: items brought in, and applied."""
