"""The client of a running Kinora has the methods of the queue in the process."""

import inspect

import pytest

from commands.api_client import ApiClient
from jobs import CallerQueue, QueueApi

METHODS = [name for name, member in vars(QueueApi).items() if inspect.isfunction(member) and not name.startswith("_")]


def test_the_protocol_has_the_methods_that_commands_call() -> None:
    assert {"plan", "submit", "rerun", "cancel", "retry", "tasks", "updates"} <= set(METHODS)


@pytest.mark.parametrize("queue", [CallerQueue, ApiClient])
@pytest.mark.parametrize("method", METHODS)
def test_a_queue_has_each_method_with_the_same_parameters_and_result(queue: type, method: str) -> None:
    assert inspect.signature(getattr(queue, method)) == inspect.signature(getattr(QueueApi, method))


def test_the_client_has_no_method_that_the_protocol_does_not_name() -> None:
    own = {name for name, member in vars(ApiClient).items() if inspect.isfunction(member) and not name.startswith("_")}
    assert own == set(METHODS)
