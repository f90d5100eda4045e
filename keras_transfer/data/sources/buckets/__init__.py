"""Data sets at addresses such as s3://BUCKET/FOLDER: listed, and copied to the cache."""
