"""The one door: every change of state passes here, in one transaction, by data.

`handler` holds the types a room registers, `door` the two ways through: receive(bytes) and perform(command).
"""
