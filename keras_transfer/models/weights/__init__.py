"""Where a backbone's weights come from, and the files that hold them."""
