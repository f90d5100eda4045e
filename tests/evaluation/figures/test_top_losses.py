import numpy as np
import pytest
from answers import make_predictions
from matplotlib.colors import to_hex
from PIL import Image

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.evaluation.figures.canvas import BLUE, VERMILION
from keras_transfer.evaluation.figures.top_losses import build_top_losses, draw_top_losses
from keras_transfer.images.drawing import draw_image


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


def test_images_are_shown_by_falling_loss_with_truth_prediction_folder_and_name(bees):
    tiles = read_tiles(build_top_losses(*bees, draw_image, count=3))
    assert tiles == [
        (["bees → ants 1.000"], ["p(truth) < 0.001", "bees/black.png"], (0, 0, 0), VERMILION),
        (["ants → bees 0.800"], ["p(truth) 0.200", "ants/green.png"], (0, 128, 0), VERMILION),
        (["bees → bees 0.550"], ["p(truth) 0.550", "bees/blue.png"], (0, 0, 255), BLUE),
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
    assert figure.get_suptitle() == "Highest losses: 1 of 1 image, none of them wrong"


def test_an_image_that_cannot_be_opened_is_a_gray_tile_with_its_name(bees):
    predictions, folder = bees
    (folder / "bees/black.png").unlink()
    (folder / "ants/green.png").write_bytes(b"no image")
    figure = build_top_losses(predictions, folder, draw_image)
    tiles = read_tiles(figure)
    for (_, caption, colour, _), name in zip(
        tiles, ["bees/black.png", "ants/green.png"], strict=False
    ):
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
    assert 50_000 < file.stat().st_size < 1_500_000


LONG = "a name that is longer than any picture of it is wide and must not be cut anywhere"


@pytest.mark.parametrize("letters", ["MW", "x", "Ωé", "e\u0301"])
def test_whole_names_are_shown_in_lines_that_stay_beside_their_neighbours(letters, tmp_path):
    paths = [f"{LONG}/{letters * 40}{index}.jpg" for index in range(4)]
    predictions = make_predictions([0] * 4, [[0.1, 0.9]] * 4, (LONG, letters * 30), paths)
    figure = build_top_losses(predictions, tmp_path, draw_image)
    figure.draw_without_rendering()
    boxes = []
    for axes in figure.axes:
        title = axes.get_title(loc="left")
        for text in (axes.xaxis.get_label(), axes._left_title):
            boxes.append(text.get_window_extent())
        words = title.replace("\n", "").replace(" ", "")
        assert words.startswith(LONG.replace(" ", "") + "→")
        assert words.endswith("0.900")
        shown = axes.get_xlabel().split("\n", 1)[1].replace("\n", "").replace(" ", "")
        assert shown.startswith(LONG.replace(" ", "") + "/")
        assert shown.endswith(".jpg")
    for number, box in enumerate(boxes):
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width
        assert box.y0 >= 0
        assert box.y1 <= figure.bbox.height - 40  # of the titles
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])


def test_arabic_names_leave_the_truth_before_the_prediction(tmp_path):
    predictions = make_predictions([0], [[0.1, 0.9]], ("قطة", "كلب"), ["قطة/1.jpg"])
    axes = build_top_losses(predictions, tmp_path, draw_image).axes[0]
    assert axes.get_title(loc="left") == "\u2068قطة\u2069 → \u2068كلب\u2069 0.900"
    assert axes.get_xlabel().endswith("\u2068قطة\u2069/1.jpg")


@pytest.mark.parametrize(("resize", "corner"), [("crop", 255), ("stretch", 0), ("pad", 0)])
def test_a_tile_is_cut_and_resized_as_the_network_sees_it(tmp_path, resize, corner):
    image = Image.new("RGB", (300, 100), "black")
    image.paste("white", (100, 0, 200, 100))
    image.save(tmp_path / "wide.png")
    config = DataConfig(image_size=50, resize=resize)
    tile = draw_image(tmp_path / "wide.png", 200, config)
    assert tile.shape == (200, 200, 3)
    assert tile[100, 100].tolist() == [255] * 3
    assert tile[2, 2].tolist() == [corner] * 3
    assert (tile[::4, ::4] == draw_image(tmp_path / "wide.png", 50, config)).all()  # its pixels


def test_no_images_give_an_empty_picture(tmp_path):
    file = tmp_path / "top_losses.png"
    draw_top_losses(make_predictions([], [], ("ants", "bees")), tmp_path, file, draw_image)
    assert file.stat().st_size > 1000
