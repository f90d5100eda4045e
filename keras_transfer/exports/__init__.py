"""Files that other programs load a model from, and the proof that they answer as it does.

`exporters.py` is the table of what can be written; each format has a file of its name.
"""
