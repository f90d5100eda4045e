import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from keras_transfer.config.messages import shorten
from keras_transfer.evaluation.figures.canvas import BLUE, VERMILION
from keras_transfer.evaluation.figures.confusion_matrix import (
    build_confusion_matrix,
    draw_confusion_matrix,
)
from keras_transfer.evaluation.figures.top_losses import build_top_losses, draw_top_losses
from keras_transfer.images.drawing import draw_image
from keras_transfer.run.predictions_csv import Predictions


def make_predictions(truth, probabilities, class_names, paths=None):
    paths = paths or [f"{class_names[label]}/{index}.jpg" for index, label in enumerate(truth)]
    return Predictions(
        paths=np.array(paths, object),
        splits=np.array(["validation"] * len(truth), object),
        truth=np.array(truth, np.int64),
        probabilities=np.array(probabilities, np.float64).reshape(len(truth), len(class_names)),
        class_names=tuple(class_names),
    )


def draw_predictions(classes, images=300, name="class {}"):
    random = np.random.default_rng(classes)
    truth = random.integers(0, classes, images)
    probabilities = random.dirichlet(np.ones(classes), images) + 0.3 * np.eye(classes)[truth]
    names = [name.format(index) for index in range(classes)]
    return make_predictions(truth, probabilities / 1.3, names)


@pytest.fixture
def bees(tmp_path):
    """Four images in a folder, each of one colour, and what a model said about them."""
    folder = tmp_path / "data set"
    paths = ["ants/red.png", "ants/green.png", "bees/blue.png", "bees/black.png"]
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40), path.split("/")[1][:-4]).save(folder / path)
    probabilities = [[0.9, 0.1], [0.2, 0.8], [0.45, 0.55], [0.9999, 0.0001]]
    return make_predictions([0, 0, 1, 1], probabilities, ("ants", "bees"), paths), folder


def read_tiles(figure):
    """The drawn tiles in order: (title, caption, colour of the centre, colour of the frame)."""
    return [
        (
            axes.get_title(loc="left").split("\n"),
            axes.get_xlabel().split("\n"),
            tuple(axes.images[0].get_array()[100, 100].tolist()),
            to_hex(axes.spines["left"].get_edgecolor()).upper(),
        )
        for axes in figure.axes
        if axes.images
    ]


def test_cells_hold_the_count_and_the_share_of_the_true_class():
    predictions = make_predictions([0] * 3 + [1] * 2, np.eye(2)[[0, 0, 1, 1, 1]], ("ants", "bees"))
    axes = build_confusion_matrix(predictions, "digits").axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}  # (column, row)
    assert cells == {(0, 0): "2\n67%", (1, 0): "1\n33%", (0, 1): "0\n0%", (1, 1): "2\n100%"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("prediction", "truth")
    np.testing.assert_allclose(axes.images[0].get_array(), [[2 / 3, 1 / 3], [0, 1]])


def test_a_share_is_called_all_or_none_only_where_it_is():
    truth, prediction = [0] * 300 + [1], [0] * 299 + [1] + [1]
    axes = build_confusion_matrix(make_predictions(truth, np.eye(2)[prediction], "ab"), "").axes[0]
    cells = [text.get_text() for text in axes.texts]
    assert cells == ["299\n>99%", "1\n<1%", "0\n0%", "1\n100%"]


def test_cells_carry_numbers_only_where_there_is_room():
    assert build_confusion_matrix(draw_predictions(20), "").axes[0].texts
    assert not build_confusion_matrix(draw_predictions(21), "").axes[0].texts


@pytest.mark.parametrize(("classes", "labels"), [(2, 2), (50, 50), (100, 50), (130, 44)])
def test_labels_are_thinned_and_stay_with_their_class(classes, labels):
    axes = build_confusion_matrix(draw_predictions(classes), "").axes[0]
    for axis in (axes.xaxis, axes.yaxis):
        names = [text.get_text() for text in axis.get_ticklabels()]
        assert len(names) == labels
        assert names == [f"class {int(tick)}" for tick in axis.get_ticklocs()]


def test_names_that_fit_stay_level_and_long_ones_are_turned_and_shortened():
    short = build_confusion_matrix(draw_predictions(10, name="{}"), "").axes[0]
    assert {text.get_rotation() for text in short.get_xticklabels()} == {0}
    long = build_confusion_matrix(draw_predictions(10, name="a very long name of class {}"), "")
    labels = long.axes[0].get_xticklabels()
    assert {text.get_rotation() for text in labels} == {45}
    assert labels[3].get_text() == "a very long…e of class 3"


def test_the_matrix_grows_with_the_classes_within_limits():
    widths = [
        build_confusion_matrix(draw_predictions(classes), "").get_size_inches()[0]
        for classes in (2, 10, 20, 100, 300)
    ]
    assert widths == sorted(widths)
    assert widths[0] > 5
    assert widths[-1] < 12


@pytest.mark.parametrize(
    "predictions",
    [
        draw_predictions(2),
        draw_predictions(10, name="蜂 $\\no{}$ \n"),
        draw_predictions(100, images=2000),
        make_predictions([], [], ("ants", "bees")),
        make_predictions([0, 0], np.full((2, 2), np.nan), ("ants", "bees")),
    ],
    ids=["2", "10 with odd names", "100", "no images", "NaN"],
)
def test_a_confusion_matrix_is_written(predictions, tmp_path):
    file = tmp_path / "confusion_matrix.png"
    draw_confusion_matrix(predictions, file, r"$\no formula$")
    assert file.read_bytes().startswith(b"\x89PNG")
    assert 10_000 < file.stat().st_size < 1_000_000


def test_images_are_shown_by_falling_loss_with_truth_prediction_and_name(bees):
    tiles = read_tiles(build_top_losses(*bees, draw_image, count=3))
    assert tiles == [
        (
            ["truth: bees", "prediction: ants"],
            ["p(truth) < 0.001", "black.png"],
            (0, 0, 0),
            VERMILION,
        ),
        (
            ["truth: ants", "prediction: bees"],
            ["p(truth) 0.200", "green.png"],
            (0, 128, 0),
            VERMILION,
        ),
        (["truth: bees", "prediction: bees"], ["p(truth) 0.550", "blue.png"], (0, 0, 255), BLUE),
    ]


@pytest.mark.parametrize(
    ("count", "title"),
    [
        (2, "Highest losses: 2 of 4 images (2 wrong)"),
        (3, "Highest losses: 3 of 4 images, only 2 of them wrong"),
        (12, "Highest losses: 4 of 4 images, only 2 of them wrong"),
    ],
)
def test_the_title_says_when_fewer_are_wrong_than_shown(bees, count, title):
    figure = build_top_losses(*bees, draw_image, count=count)
    assert figure.get_suptitle() == title
    assert len(read_tiles(figure)) == min(count, 4)


def test_the_title_says_when_none_is_wrong(tmp_path):
    figure = build_top_losses(make_predictions([0], [[0.9, 0.1]], "ab"), tmp_path, draw_image)
    assert figure.get_suptitle() == "Highest losses: 1 of 1 images, none of them wrong"


def test_an_image_that_cannot_be_opened_is_a_gray_tile_with_its_name(bees):
    predictions, folder = bees
    (folder / "bees/black.png").unlink()
    (folder / "ants/green.png").write_bytes(b"no image")
    figure = build_top_losses(predictions, folder, draw_image)
    tiles = read_tiles(figure)
    for (_, caption, colour, _), name in zip(tiles, ["black.png", "green.png"], strict=False):
        assert caption[1] == name
        assert colour == (217, 217, 217)
    assert [text.get_text() for text in figure.axes[0].texts] == ["cannot be opened"]
    assert not figure.axes[2].texts


def test_an_image_is_turned_as_its_camera_was(tmp_path):
    image = Image.new("RGB", (40, 80), "white")
    image.paste("red", (0, 0, 40, 40))  # red above; the orientation turns it to the right
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.png", exif=exif)
    predictions = make_predictions([0], [[0.5, 0.5]], "ab", ["turned.png"])
    pixels = build_top_losses(predictions, tmp_path, draw_image).axes[0].images[0].get_array()
    assert pixels[100, 150].tolist() == [255, 0, 0]
    assert pixels[100, 50].tolist() == [255, 255, 255]


def test_sixteen_bit_gray_keeps_its_levels(tmp_path):
    Image.fromarray(np.full((30, 30), 100 * 256, np.uint16)).save(tmp_path / "xray.png")
    predictions = make_predictions([0], [[0.5, 0.5]], "ab", ["xray.png"])
    assert read_tiles(build_top_losses(predictions, tmp_path, draw_image))[0][2] == (100, 100, 100)


def test_a_transparent_corner_is_white_as_the_network_sees_it(tmp_path):
    image = Image.new("RGBA", (60, 60), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 30, 30))
    image.save(tmp_path / "corner.png")
    predictions = make_predictions([0], [[0.5, 0.5]], "ab", ["corner.png"])
    pixels = build_top_losses(predictions, tmp_path, draw_image).axes[0].images[0].get_array()
    assert pixels[20, 20].tolist() == [255, 255, 255]
    assert pixels[180, 180].tolist() == [255, 0, 0]


def test_a_float_tiff_keeps_its_levels(tmp_path):
    Image.fromarray(np.full((30, 30), 0.4, np.float32)).save(tmp_path / "light.tiff")
    predictions = make_predictions([0], [[0.5, 0.5]], "ab", ["light.tiff"])
    assert read_tiles(build_top_losses(predictions, tmp_path, draw_image))[0][2] == (102, 102, 102)


def test_top_losses_are_written_small_enough_and_whatever_the_names_are(tmp_path):
    random = np.random.default_rng(0)
    paths = [f"$\\no$ {'long ' * 20}{index}_蜂.jpg" for index in range(12)]
    for path in paths:
        coarse = Image.fromarray(random.integers(0, 255, (20, 30, 3), np.uint8))
        coarse.resize((600, 400)).save(tmp_path / path)
    predictions = make_predictions(
        [0] * 12, random.dirichlet([1, 1], 12), (r"$\no$ b", "蜂"), paths
    )
    file = tmp_path / "top_losses.png"
    draw_top_losses(predictions, tmp_path, file, draw_image)
    assert file.read_bytes().startswith(b"\x89PNG")
    assert 50_000 < file.stat().st_size < 1_000_000


def test_no_images_give_an_empty_picture(tmp_path):
    file = tmp_path / "top_losses.png"
    draw_top_losses(make_predictions([], [], ("ants", "bees")), tmp_path, file, draw_image)
    assert file.stat().st_size > 1000


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("bee.jpg", "bee.jpg"),
        ("0123456789", "0123456789"),
        ("0123456789X", "0123…6789X"),
        ("a\nb\udcff", r"a\nb\xff"),
    ],
)
def test_long_names_are_shortened_in_the_middle(text, short):
    assert shorten(text, 10) == short
