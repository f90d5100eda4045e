"""Models of any origin: what they hold, take and answer, and the process that runs those of others.

A file of our own, which parity.json beside it lists, runs in this process as it always did.
"""
