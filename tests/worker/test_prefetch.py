import os
import sys
import threading

import pytest

from worker.prefetch import Prefetcher


def test_all_items_in_their_order():
    with Prefetcher(iter(range(1000)), depth=2) as items:
        assert list(items) == list(range(1000))


def test_no_item_at_all():
    with Prefetcher(iter(()), depth=2) as items:
        assert list(items) == []


def test_the_maker_s_error_reaches_the_reader_after_the_items_before_it():
    def broken():
        yield 1
        raise ZeroDivisionError("made here")

    read: list[int] = []
    with Prefetcher(broken(), depth=2) as items, pytest.raises(ZeroDivisionError, match="made here"):
        read.extend(iter(lambda: next(items), None))
    assert read == [1]


def test_it_runs_ahead_by_no_more_than_its_depth():
    made = []
    third = threading.Event()

    def counting():
        for number in range(100):
            made.append(number)
            if number == 3:
                third.set()
            yield number

    with Prefetcher(counting(), depth=2) as items:
        assert next(items) == 0
        # Item 0 is taken, 1 and 2 wait, 3 is made and finds no place.
        assert third.wait(10)
        assert made == [0, 1, 2, 3]


def test_a_reader_that_leaves_ends_the_maker():
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    maker = endless()
    with Prefetcher(maker, depth=1) as items:
        next(items)
    maker.close()
    assert closed.is_set()
    assert "generate" not in [thread.name for thread in threading.enumerate()]


def test_an_error_of_the_reader_s_own_is_kept():
    with pytest.raises(KeyError), Prefetcher(iter(range(10)), depth=1):
        raise KeyError


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux alone")
def test_the_maker_gives_way_to_its_reader():
    ours = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    made = (os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) for _ in range(1))
    with Prefetcher(made, depth=1) as items:
        assert list(items) == [min(ours + 5, 19)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == ours
