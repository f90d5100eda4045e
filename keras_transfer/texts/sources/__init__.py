"""Where labelled texts come from: tables, folders of .txt files, TensorFlow Datasets."""
