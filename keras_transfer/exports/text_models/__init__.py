"""What exports of texts have that those of images lack: token ids, and their tokenizer."""
