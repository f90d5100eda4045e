"""The run directory: its files, what they say, and how an interrupted run goes on."""
