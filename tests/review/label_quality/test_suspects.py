import numpy as np
from reviews import make_examples, review

EXAMPLES = make_examples([0, 0, 1, 1, 0])


def test_the_least_probable_labels_come_first():
    found = review(EXAMPLES, [0.1, 0.9, 0.4, 0.8, 0.6])
    assert [path[-5] for path in found.paths] == ["1", "2", "4", "3", "0"]
    assert found.suspects.paths.tolist() == ["ants/1.jpg", "bees/2.jpg", "ants/4.jpg"]
    assert found.suspects.suggested.tolist() == [1, 0, 1]
    np.testing.assert_allclose(found.label_probability, [0.1, 0.4, 0.4, 0.8, 0.9])
    np.testing.assert_allclose(found.suspects.probability, [0.9, 0.6, 0.6])
    assert found.reasons[0] == "the probability of its label is 0.100"


def test_what_cannot_be_judged_comes_last_and_is_no_suspect():
    found = review(EXAMPLES, [0.1, np.nan, 0.4, 0.8, 0.6])
    assert found.unjudged.paths.tolist() == ["ants/1.jpg"]
    assert found.paths[-1] == "ants/1.jpg"
    assert found.reasons[-1] == ""
    assert found.suggested[-1] == 0


def test_copies_with_different_labels_come_before_all_others():
    found = review(EXAMPLES, [0.3, 0.99, 0.3, 0.9, 0.3], sha256=list("abacd"))
    assert found.paths[:3].tolist() == ["bees/2.jpg", "ants/0.jpg", "ants/1.jpg"]
    assert found.suggested[:3].tolist() == [0, 0, 1]
    assert found.reasons[0] == "is the same file as ants/0.jpg, which is ants"
    assert found.reasons[1] == "is the same file as bees/2.jpg, which is bees"
    assert found.copies.tolist() == [True, True, False, False, False]


def test_images_that_look_equal_are_copies_too():
    found = review(EXAMPLES, [0.3, 0.2, 0.3, 0.9, 0.3], near=[(0, 2)])
    assert found.reasons[0] == "looks like ants/0.jpg, which is ants"


def test_most_copies_decide_before_the_probability_does():
    found = review(EXAMPLES, [0.9, 0.9, 0.9, 0.9, 0.9], sha256=list("aaabc"))
    assert found.paths[0] == "bees/2.jpg"
    assert found.suggested[:3].tolist() == [0, 0, 0]


def test_copies_with_one_label_are_no_suspects():
    found = review(EXAMPLES, [0.1, 0.1, 0.9, 0.9, 0.1], sha256=list("aabbc"))
    assert len(found.suspects) == 0
