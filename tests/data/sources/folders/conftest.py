"""Trees of files from words."""

import pytest
from folder_readings import unfold


@pytest.fixture
def lay(tmp_path):
    """Return a function that makes files from words such as `{train,test}_set/{a,b}/1`."""

    def make(*words):
        for word in words:
            for path in unfold(word):
                file = tmp_path / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
        return tmp_path

    return make
