"""What a notebook's cell keeps of a training: its lines, one block that changed, and images."""

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

CODE = """
import logging, pathlib, time
from keras_transfer.system.logs import DETAIL, OF_EPOCH, logging_to
from keras_transfer.system.terminal.live_line import live_line
from keras_transfer.system.terminal.notebook import show_images

def train(quiet):
    with logging_to(pathlib.Path("train.log"), quiet):
        log = logging.getLogger("keras_transfer")
        log.info("Data: it")
        with live_line("cache", 3, 32, quiet) as step:
            for _ in range(3):
                step()
        for phase in ("frozen", "fine<tune>"):
            log.info("a table", extra=DETAIL)
            with live_line(phase, 4, 32, quiet) as step:
                for epoch in range(4):
                    step()
                    log.info("%s epoch %d", phase, epoch, extra=OF_EPOCH)
        log.info("Run: it")
"""


@pytest.fixture
def run_cells(tmp_path):
    """Return a function that runs cells in a kernel and returns the outputs of each."""

    def run(*cells):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
        return [cell.outputs for cell in notebook.cells]

    return run


def test_a_run_is_its_lines_and_one_block_that_changes(run_cells, tmp_path):
    _, (before, block, after), quiet = run_cells(CODE, "train(quiet=False)", "train(quiet=True)")
    assert (before.text, after.text) == ("Data: it\n", "Run: it\n")
    assert block.data["text/plain"] == "frozen epoch 3\nfine<tune> epoch 3"  # the last state
    assert "fine&lt;tune&gt; epoch 3</pre>" in block.data["text/html"]
    assert "<progress" not in block.data["text/html"]
    assert "var(--jp-code-font-family, monospace)" in block.data["text/html"]  # columns line up
    assert quiet == []
    epochs = [f"{phase} epoch {n}" for phase in ("frozen", "fine<tune>") for n in range(4)]
    lines = ["Data: it", "a table", *epochs[:4], "a table", *epochs[4:], "Run: it"]
    assert (tmp_path / "train.log").read_text().splitlines() == lines * 2


def test_a_bar_is_seen_while_it_lasts_and_a_stop_takes_it_away(run_cells):
    code = """
with live_line("finetune", 4, 32, False) as step:
    time.sleep(0.3)
    step()
    from keras_transfer.system.terminal.notebook import current_block
    raise KeyboardInterrupt
"""
    drawn = "from IPython.display import DisplayHandle\nseen = []\n"
    drawn += "DisplayHandle.update = lambda self, data, **words: seen.append(data['text/html'])"
    _, _, _, (said,) = run_cells(
        CODE, drawn, f"try:\n  exec({code!r})\nexcept KeyboardInterrupt: pass", "print(seen)"
    )
    states = eval(said.text)
    assert '<progress value="0.2500" max="1"></progress> finetune  1/4 steps' in states[0]
    assert states[-1].endswith("></pre>")


def test_images_are_shown_and_those_that_are_not_there_are_not(run_cells, tmp_path):
    for side in (8, 400):
        Image.fromarray(np.zeros((side, side, 3), np.uint8)).save(tmp_path / f"{side}.png")
    names = [str(tmp_path / name) for name in ("400.png", "none.png", "8.png")]
    code = f"show_images([pathlib.Path(name) for name in {names}], width=300)"
    _, (large, small) = run_cells(CODE, code)
    assert large.metadata["image/png"]["width"] == 300
    assert small.metadata["image/png"]["width"] == 8  # enlarged it would be blurred


def test_an_image_is_known_to_be_shown_in_one_cell_only(run_cells, tmp_path):
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "a.png")
    ask = (
        "from keras_transfer.system.terminal.notebook import is_shown\nfile = pathlib.Path('a.png')"
    )
    show = "print(is_shown(file)); show_images([file], 9); print(is_shown(file))"
    _, _, (before, _, after), (next_cell,) = run_cells(CODE, ask, show, "print(is_shown(file))")
    assert (before.text, after.text) == ("False\n", "True\n")
    assert next_cell.text == "False\n"
