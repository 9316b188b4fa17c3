"""Lessons are tested with what is on this machine, and tests never download: lesson 01 takes drawings otherwise."""

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Tell the kernels that nbval will start, which inherit the environment, not to turn to the network."""
    if config.getoption("nbval", default=False):
        from vistext.data import cifar10

        os.environ.setdefault(cifar10.OFFLINE, "1")
