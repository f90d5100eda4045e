"""What data sets are called elsewhere, by addresses and words of other programs, and here."""

import re

_DOWNLOAD = "Download and unpack it, and give the folder."
_BUCKET = "Buckets are not read in place: copy it here ({}), or mount it, and give the folder."
_KAGGLE = "Download it (kaggle datasets download {} --unzip), and give the folder."

# What a name begins with, and what to do; {} stands for what follows.
_FOREIGN = (
    (r"file://(?=/)", "Write {}."),
    (r"gs://", _BUCKET.format("gcloud storage cp -r gs://{} .")),
    (r"s3://", _BUCKET.format("aws s3 cp --recursive s3://{} .")),
    (r"(?:az|abfss?|wasbs?|adl)://", _BUCKET.format("azcopy copy")),
    (r"(?:hdfs|dbfs|oci|r2)://?", _BUCKET.format("by its own tool")),
    (r"https?://huggingface\.co/datasets/", "Write hf:{}."),
    (r"https?://(?:www\.)?kaggle\.com/datasets/", _KAGGLE),
    (r"(?:https?|ftp)://", f"Addresses are not read. {_DOWNLOAD}"),
    (r"kaggle(?::|://|/)", _KAGGLE),
    (r"(?:hf://(?:datasets/)?|huggingface(?::|/)/?/?|datasets://?)", "Write hf:{}."),
    (r"(?:tfds(?:://|/)|tensorflow_datasets(?::|/))", "Write tfds:{}."),
)


def explain_foreign(dataset: str) -> str:
    """Return what to do about a data set that is named as elsewhere; "" where it is not."""
    for beginning, hint in _FOREIGN:
        if found := re.match(beginning, dataset, re.IGNORECASE):
            return hint.replace("{}", dataset[found.end() :] or "NAME")
    return ""
