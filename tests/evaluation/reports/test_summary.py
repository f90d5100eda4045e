import shutil

import pytest

from keras_transfer.evaluation.reports.summary import summarize_run
from keras_transfer.run.run_directory import Run


@pytest.mark.parametrize(("kept", "shown"), [(21, True), (22, False)])
def test_recall_of_each_class_is_shown_where_one_has_over_three_times_the_images(
    finished_run, tmp_path, kept, shown
):
    """Of the whole data set, though the classes of the test split have the same size."""
    run = Run(shutil.copytree(finished_run.path, tmp_path / "run"))
    header, *rows = run.split_file.read_text().splitlines()
    level = [row for row in rows if ",level," in row]
    upright = [row for row in rows if ",upright," in row]
    assert len(level) == len(upright) == 64
    run.split_file.write_text("\n".join([header, *level, *upright[:kept]]) + "\n")
    assert ("look at the recall of each: " in summarize_run(run)) is shown
