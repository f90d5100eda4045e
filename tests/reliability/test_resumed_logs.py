import pytest

from keras_transfer.system.files.atomic_files import read_table


@pytest.mark.thorough
def test_log_of_a_resumed_run_has_every_epoch_once(interrupt, train, tmp_path):
    """It is interrupted where an epoch is kept, and no logger was told of it."""
    run = interrupt(3, tmp_path, logger="csv")
    assert read_table(run.csv_logs / "epochs.csv")["step"] == ["1", "2"]
    train(resume=run.path)
    epochs, history = read_table(run.csv_logs / "epochs.csv"), run.history_table()
    assert epochs["step"] == [str(step + 1) for step in range(len(history["epoch"]))]
    assert [*map(float, epochs["val_loss"])] == [*map(float, history["val_loss"])]
