import inspect

import pytest

from keras_transfer.python_api.arguments.argument_errors import guard, hand_out
from keras_transfer.system.errors import ConfigError


def measure(run, split=None, *, tta=1):
    """Measure."""
    return f"{run} {split} {tta}"


class Room:
    @guard
    def enter(self, door):
        return door


@pytest.mark.parametrize(
    ("arguments", "keywords", "said"),
    [
        (
            [],
            {},
            "`run` must be given. Received: nothing. Call: measure(run, split=None,",
        ),
        (["a"], {"splt": 1}, "Unknown argument 'splt' of measure. Did you mean 'split'?"),
        (["a"], {"zzz": 1}, "Unknown argument 'zzz' of measure. Known: run, split, tta."),
        (["a"], {"run": "b"}, "`run` must be given once. Received: twice, without its name and"),
        (
            ["a", "b", 3],
            {},
            "must be given at most 2 arguments without a name. Received: 3",
        ),
        (["a"], {"\x1b[31m": 1}, r"Unknown argument '\\x1b[31m'"),
    ],
)
def test_wrong_arguments_are_said_in_one_line(arguments, keywords, said):
    with pytest.raises(ConfigError) as caught:
        guard(measure)(*arguments, **keywords)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_right_arguments_arrive():
    assert guard(measure)("a", tta=3) == "a None 3"
    assert hand_out(measure, str.upper)("a", "b") == "A B 1"
    assert Room().enter("left") == "left"


def test_self_is_no_argument_that_a_message_counts():
    with pytest.raises(ConfigError, match=r"`door` must be given.* Call: enter\(door\)"):
        Room().enter()
    with pytest.raises(ConfigError, match=r"at most 1 argument without a name\. Received: 2"):
        Room().enter(1, 2)


def test_what_help_and_completion_read_is_kept():
    for function in (guard(measure), hand_out(measure, len)):
        assert inspect.signature(function) == inspect.signature(measure)
        assert (function.__name__, function.__doc__) == ("measure", "Measure.")


def test_a_type_error_of_the_function_itself_is_not_called_a_wrong_argument():
    def fail(run):
        raise TypeError("inside")

    with pytest.raises(TypeError, match="inside"):
        guard(fail)(1)
