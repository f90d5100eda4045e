"""Tables of image files: from the bytes of a .csv to the path, class and split of each image."""
