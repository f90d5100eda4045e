"""Names of columns that are known in any letter case."""

OURS = ("path", "label", "split", "group", "sha256")


def settle_name(name: str) -> str:
    """Return the name of a column as it is looked for: one of ours is in lower case."""
    return name.lower() if name.lower() in OURS else name
