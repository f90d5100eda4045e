"""What the files of a run hold, and how each is read: checked once, or refused by field."""
