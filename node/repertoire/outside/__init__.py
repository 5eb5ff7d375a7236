"""Out of the house: what is public here, in the forms in which others read it. Nothing else is in any of them."""
