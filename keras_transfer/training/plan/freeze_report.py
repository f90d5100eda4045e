"""Say before each phase what will learn: freeze_table.csv and the printed table."""

import logging

from keras_transfer.config.messages import count_of
from keras_transfer.config.train_config import WeightsWord
from keras_transfer.models.freeze_boundary import HEAD
from keras_transfer.models.freeze_table import FreezeRow, freeze_rows, summarize_blocks
from keras_transfer.models.low_rank import describe_matrices
from keras_transfer.run.contents.read_files import read_rows
from keras_transfer.system.files.atomic_files import write_table
from keras_transfer.system.logs import DETAIL
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.training.plan.phase import Phase
from keras_transfer.training.plan.training_parts import Training

logger = logging.getLogger(__name__)

COLUMNS = ("block", "layers", "parameters", "trainable", "learning rate", "BatchNorm")
FORGETTING_RATE = 1e-3  # above this, pretrained weights are usually gone within an epoch


def report_freeze(training: Training, phase: Phase) -> None:
    """Append a phase to freeze_table.csv and log its table; call it after `set_boundary`.

    Args:
        training: Its model has its flags set.
        phase: About to start.
    """
    model, row, config, run = training.model, training.row, training.config, training.run
    rows = freeze_rows(model, row, phase.name, phase.rate_of, config.finetune.batch_norm)
    earlier: list[tuple[str, ...]] = []
    if run.freeze_table_file.exists():
        found = zip(*read_rows(run.freeze_table_file, FreezeRow._fields).values(), strict=True)
        earlier = [cells for cells in found if cells[0] != phase.name]  # it may begin again
    write_table(run.freeze_table_file, FreezeRow._fields, [*earlier, *rows])
    table = [
        (*block[:4], "" if block[4] is None else f"{block[4]:g}", block[5])
        for block in summarize_blocks(model, row, rows)
    ]
    epochs = count_of(phase.epochs, "epoch")
    if phase.plateau:
        epochs = f"at most {epochs}, until the validation loss stops falling"
    where = f"in {run.freeze_table_file.name}"
    drawn = draw_table(COLUMNS, table, whole=["block"], drop=["layers"], where=where)
    what = describe_matrices(training.backbone) if phase.first_learning is not None else ""
    begins = f"Phase {phase.name}: {epochs}{what and f'; {what}'}"
    logger.info("%s", f"\n{begins}\n{drawn}", extra=DETAIL)
    rates = [each.learning_rate for each in rows if each.learning_rate and each.block != HEAD]
    # what low-rank matrices add can be too much, but the pretrained weights stay
    loses = config.weights != WeightsWord.NONE and config.strategy != "lora"
    if loses and max(rates, default=0) > FORGETTING_RATE:
        logger.warning(
            "The backbone's learning rate %g is above %g: expect catastrophic forgetting of the "
            "pretrained weights. 1e-5 to 1e-3 is usual.",
            *(max(rates), FORGETTING_RATE),
        )
