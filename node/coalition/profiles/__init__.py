"""What a member shows the world of themselves, once they wish to: a profile, which is an actor of its own."""
