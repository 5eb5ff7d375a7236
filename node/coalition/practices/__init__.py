"""What practices are about, of what they are parts, and where they are found."""
