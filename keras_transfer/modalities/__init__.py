"""The one place where kinds of examples meet the rest of the program."""
