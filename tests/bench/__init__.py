"""The benchmark, `make bench`: this node against the least program that does the same cryptography and stores it.

Never collected by pytest, and no test asserts a time: what it says is a ratio, measured on one machine in one run.
"""
