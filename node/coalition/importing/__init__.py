"""Tables that a coalition has already, made into members, organisations, practices and items."""
