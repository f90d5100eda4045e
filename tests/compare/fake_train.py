"""A stand-in for `python -m keras_transfer.train` that leaves a finished run at once.

Of n validation images it has the first n - 3 * seed - `optimizer.patience` right, and of 4 test
images all, or 3 where there is a patience; `head.hidden` tells it to misbehave.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import yaml
from fake_runs import write_run

FAIL, KILLED, BUG, SLOW, MOVED = 13, 9, 7, 60, 14  # values of head.hidden
TARGET = {"none": 0.25, "align": 0.75}  # accuracy there, by adapt.method


def main(option, value, *places):
    file = Path(value) if option == "--config" else Path(value, "config.yaml")
    settings = yaml.safe_load(file.read_text())
    run = Path(settings["output"]) / settings["name"]
    run.mkdir(exist_ok=True)
    if option == "--config":
        shutil.copy(file, run / "config.yaml")
    with (run.parent / "calls.txt").open("a") as calls:
        calls.write(" ".join([option, run.name, *places]) + "\n")
    healthy = (run.parent / "healthy").exists()
    if settings["head"]["hidden"] == FAIL and not healthy:
        print("Phase frozen")
        print("error: Images must stay as they are.", file=sys.stderr)
        raise SystemExit(2)
    if settings["head"]["hidden"] == BUG and not healthy:
        raise ZeroDivisionError("a bug")
    if settings["head"]["hidden"] == KILLED and not healthy:
        os.kill(os.getpid(), signal.SIGKILL)
    if settings["head"]["hidden"] == SLOW and not healthy:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        (run.parent / "slow").touch()
        time.sleep(60)
    print("WARNING: The bundled weights stand in.")
    print("Some line")
    split = Path(settings["data"]["split_file"])
    images = split.read_text().count(",validation\n")
    wrong = 3 * settings["seed"] + settings["optimizer"]["patience"]
    right = [index < images - wrong for index in range(images)]
    moved = settings["head"]["hidden"] == MOVED and not healthy
    test = [True] * 3 + [not settings["optimizer"]["patience"]]
    target = settings["adapt"]["target"] and TARGET[settings["adapt"]["method"]]
    write_run(run, right, test=test, target=target, split=b"other" if moved else split.read_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
