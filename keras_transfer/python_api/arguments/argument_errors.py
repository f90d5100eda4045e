"""Wrong arguments of public functions, said as the command says wrong options."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from keras_transfer.config.lookup import suggest
from keras_transfer.config.messages import count_of
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal.visible_text import show_name

P = ParamSpec("P")
R = TypeVar("R")
Found = TypeVar("Found")

NAMED = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY


def guard(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that refuses wrong arguments by a `ConfigError`, as it does wrong values.

    Python's own `TypeError` knows no close names, and a notebook shows it under its traceback.
    """

    @functools.wraps(function)
    def call(*arguments: P.args, **keywords: P.kwargs) -> R:
        check_arguments(function, arguments, keywords)
        return function(*arguments, **keywords)

    return call


def hand_out(function: Callable[P, Found], wrap: Callable[[Found], R]) -> Callable[P, R]:
    """Return a guarded function whose answer is what Python code takes in hand.

    Args:
        function: Of a verb; its signature and docstring are kept.
        wrap: Makes a class of this room of what it returns.
    """

    @functools.wraps(function)
    def call(*arguments: P.args, **keywords: P.kwargs) -> R:
        return wrap(function(*arguments, **keywords))

    return guard(call)


def check_arguments(
    function: Callable[..., Any], arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> None:
    """Raise a `ConfigError` unless a function can be called like this.

    Args:
        function: Any; `self` is not counted among its arguments.
        arguments: Without a name.
        keywords: By their names.
    """
    signature = inspect.signature(function)
    try:
        signature.bind(*arguments, **keywords)
    except TypeError as error:
        fault = _explain(function, signature, arguments, keywords)
        raise ConfigError(fault or str(error)) from None


def _explain(
    function: Callable[..., Any],
    signature: inspect.Signature,
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
) -> str:
    """Return what is wrong with a call; "" if nothing is found."""
    taken = [each for name, each in signature.parameters.items() if name != "self"]
    of_self = len(signature.parameters) - len(taken)
    names = [each.name for each in taken if each.kind in NAMED]
    any_name = any(each.kind == inspect.Parameter.VAR_KEYWORD for each in taken)
    unnamed = [each.name for each in taken if each.kind < inspect.Parameter.VAR_POSITIONAL]
    called = function.__name__
    if unknown := [name for name in keywords if name not in names and not any_name]:
        return f"Unknown argument {show_name(unknown[0])!r} of {called}. " + suggest(
            unknown[0], names
        )
    given = len(arguments) - of_self
    if (most := len(unnamed)) < given:
        return (
            f"{called} must be given at most {count_of(most, 'argument')} without a name. "
            f"Received: {given}. Call: {called}({_say(taken)})"
        )
    if twice := [name for name in unnamed[:given] if name in keywords]:
        return f"`{twice[0]}` must be given once. Received: twice, without its name and with it."
    needed = [each.name for each in taken if each.kind in NAMED and each.default is each.empty]
    if missing := [name for name in needed if name not in (*unnamed[:given], *keywords)]:
        return f"`{missing[0]}` must be given. Received: nothing. Call: {called}({_say(taken)})"
    return ""


def _say(taken: Sequence[inspect.Parameter]) -> str:
    """Return arguments as they are written, without their types."""
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in taken]
    return str(inspect.Signature(plain)).strip("()")
