"""What is new, by mail, for members who want it: each day or each week, in their language and their morning."""
