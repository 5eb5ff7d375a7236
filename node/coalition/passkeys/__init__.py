"""Passkeys: signing in with what a device or a password manager keeps, instead of a password (WebAuthn Level 3)."""
