"""The shell every page stands in. It knows no room and no peer: rooms hand it what to show, it decides how it looks."""
