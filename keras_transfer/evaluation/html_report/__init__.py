"""report.html: one page that says what a run is worth, made of its files, read off line."""
