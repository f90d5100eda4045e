"""From files to pixels: with Pillow, in a graph, and in what a server loads."""
