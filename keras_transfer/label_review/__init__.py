"""Which labels of a data set look wrong, the table that a person decides in, and what it changes.

Nothing here writes an image, or into the data set.
"""
