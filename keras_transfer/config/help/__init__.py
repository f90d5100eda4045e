"""What the command line says of itself: pages of help, hints, completion in shells, versions."""
