"""Fixtures: `stack` (one for the session), `world` (a fresh customer), `fresh_stack` (a stack of
the test's own, for tests that kill parts of it)."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from client import coverage_write  # noqa: E402
from stack import Stack  # noqa: E402
from world import World  # noqa: E402


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("stack"))
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


@pytest.fixture
def fresh_stack(tmp_path):
    stack = Stack(tmp_path / "stack")
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


@pytest.fixture
def world(stack, tmp_path):
    world = World(stack, tmp_path)
    try:
        yield world
    finally:
        world.close()
        world.clear()


@pytest.fixture
def fresh_world(fresh_stack, tmp_path):
    world = World(fresh_stack, tmp_path)
    try:
        yield world
    finally:
        world.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the last words of the programs."""
    report = (yield).get_result()
    if report.failed:
        for name in ("stack", "fresh_stack"):
            stack = item.funcargs.get(name)
            if stack:
                for program in ("api", "sip", "postgres"):
                    report.sections.append((f"{program} log", stack.tail(program, 60)))


def pytest_sessionfinish(session):
    coverage_write(session)
