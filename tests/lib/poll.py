# SPDX-License-Identifier: Apache-2.0
"""Waiting: for a condition, by a deadline. The only place of the suite that sleeps."""
import time


class Late(AssertionError):
    """A condition that did not come true in time."""


def poll(condition, deadline=5.0, what="", every=0.02):
    """Returns the first true value of condition(). `deadline` is in seconds from now."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise Late(f"not within {deadline} s: {what() if callable(what) else what or condition}")
        time.sleep(every)


def stays(condition, seconds, what="", every=0.02):
    """The condition must hold for the whole of `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), f"did not last {seconds} s: {what or condition}"
        time.sleep(every)


def pause(seconds):
    """A moment chosen at random by a fault test; never a way to wait for something."""
    time.sleep(seconds)
