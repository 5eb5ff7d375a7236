"""What a coalition settles for its node in the browser: at first, step by step, and whenever it likes later."""
