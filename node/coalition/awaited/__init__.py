"""Who is expected: people and organisations that somebody noted, before they come by their own act."""
