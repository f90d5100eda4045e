"""The source `folder`: what the folders of a data set are, and the images in them."""
