"""The worker's loops: they go on whatever happens, and end when told to."""

from threading import Event

from lib.errors import Unavailable
from worker.maintenance import Loop


def test_a_loop_that_is_told_to_stop_finishes_its_round_and_begins_no_other():
    begun, go_on, rounds = Event(), Event(), []

    def work():
        begun.set()
        assert go_on.wait(10)
        rounds.append("done")

    loop = Loop("test", 0.001, work)
    loop.start()
    assert begun.wait(10)
    loop.stop()
    loop.join(0.05)
    assert rounds == []
    go_on.set()
    loop.join(10)
    assert rounds == ["done"]
    assert not loop._thread.is_alive()


def test_a_loop_survives_a_store_that_is_down_and_an_error_of_ours():
    outcomes = [Unavailable(), ValueError("ours"), None]
    done = Event()

    def work():
        if error := outcomes.pop(0):
            raise error
        done.set()
        loop.stop()

    loop = Loop("test", 0.001, work)
    loop.start()
    assert done.wait(10)
    loop.join(10)
    assert outcomes == []
