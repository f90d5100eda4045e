"""Sources whose images are encoded in other files: Hugging Face, Parquet, WebDataset shards."""
