"""What data sets are called elsewhere, by addresses and words of other programs, and here."""

import re

_DOWNLOAD = "Download and unpack it, and give the folder."
_KAGGLE = "Download it (kaggle datasets download {} --unzip), and give the folder."

# What a name begins with, and what to do; {} stands for what follows.
_FOREIGN = (
    (r"file://(?=/)", "Write {}."),
    (r"wasbs?://", "Write az://CONTAINER/FOLDER, and set AZURE_STORAGE_ACCOUNT_NAME."),
    (r"r2://", "Write s3://{}, and set AWS_ENDPOINT_URL to the address of R2."),
    (r"(?:hdfs|dbfs|oci):(?!//)", "Write the protocol with two slashes, as in hdfs://HOST/FOLDER."),
    (r"https?://huggingface\.co/datasets/", "Write hf:{}."),
    (r"https?://(?:www\.)?kaggle\.com/datasets/", _KAGGLE),
    (r"https?://", f"Addresses are not read. {_DOWNLOAD}"),
    (r"kaggle(?::|://|/)", _KAGGLE),
    (r"hf://(?!(?:datasets|buckets|spaces)/)", "Write hf:{}, or hf://datasets/{} for its files."),
    (r"(?:huggingface(?::|/)/?/?|datasets://?)", "Write hf:{}."),
    (r"(?:tfds(?:://|/)|tensorflow_datasets(?::|/))", "Write tfds:{}."),
)


def explain_foreign(dataset: str) -> str:
    """Return what to do about a data set that is named as elsewhere; "" where it is not."""
    for beginning, hint in _FOREIGN:
        if found := re.match(beginning, dataset, re.IGNORECASE):
            return hint.replace("{}", dataset[found.end() :] or "NAME")
    return ""
