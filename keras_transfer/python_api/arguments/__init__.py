"""What public functions may be given, and how anything else is refused."""
