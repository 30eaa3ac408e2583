"""Jobs: ordered once, run by one worker at a time, continued where they ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from admin_app.engine.access import SYSTEM, Policy
from admin_app.engine.change import update_rows
from admin_app.errors import NotFound
from admin_app.jobs.order import cancel, order
from admin_app.jobs.run import MAX_ATTEMPTS, run_job, worker_name
from admin_app.jobs.watch import look_around
from models.job import Job
from models.organisation import User
from models.tag import TagFamily
from models.types import utc_now

pytestmark = pytest.mark.usefixtures("rollback")


def made(session):
    return session.scalar(select(func.count()).where(TagFamily.code.startswith("try-")))


def as_left_by_a_dead_worker(session, number, **values):
    """What a killed worker leaves: running, with a lease that has ended."""
    ended = {"worker": worker_name(), "lease_until": utc_now() - timedelta(seconds=1), "state": "running"}
    session.execute(update(Job).where(Job.id == number).values({**ended, **values}))
    session.commit()


def test_a_job_does_each_chunk_once_and_keeps_its_result(session, tried, ordered, job_of):
    number = ordered(chunks=3)
    assert run_job(number)
    job = job_of(number)
    assert (job.state, job.done, job.result, tried.chunks) == ("done", 3, {"chunks": 3}, [1, 2, 3])
    assert made(session) == 3


def test_a_finished_job_is_not_done_again(session, tried, ordered):
    number = ordered()
    run_job(number)
    assert not run_job(number)
    assert tried.chunks == [1, 2, 3]


def test_the_work_of_a_chunk_and_its_mark_are_stored_together_or_not_at_all(session, tried, ordered, job_of):
    number = ordered()
    tried.during = lambda chunk: 1 / 0 if chunk == 2 else None
    run_job(number)
    job = job_of(number)
    assert (job.state, job.cursor, job.done) == ("failed", 1, 1)
    assert made(session) == 1


def test_another_worker_goes_on_where_the_dead_one_ended(session, tried, ordered, job_of):
    number = ordered()
    as_left_by_a_dead_worker(session, number, cursor=2, done=2)
    run_job(number)
    assert tried.chunks == [3]
    assert job_of(number).state == "done"


def test_nobody_takes_a_job_whose_worker_lives(session, tried, ordered):
    number = ordered()
    as_left_by_a_dead_worker(session, number, lease_until=utc_now() + timedelta(seconds=60))
    assert not run_job(number)
    assert tried.chunks == []


def test_a_worker_that_was_taken_for_dead_loses_its_chunk(session, tried, ordered, job_of):
    number = ordered()

    def lose(chunk):
        if chunk == 2:
            session.execute(update(Job).where(Job.id == number).values(worker="another one"))

    tried.during = lose
    assert not run_job(number)
    assert job_of(number).cursor == 1
    assert made(session) == 1


def test_a_job_runs_with_the_rights_that_its_person_has_then(session, tried, ordered):
    number = ordered(username="csd")
    run_job(number)
    assert tried.actors == ["csd"] * 3


def test_rights_that_end_in_the_middle_end_there(session, tried, ordered):
    number = ordered(username="csd")

    def disable(chunk):
        if chunk == 1:
            update_rows(session, User, User.username == "csd", {"is_active": False}, policy=SYSTEM)
            session.commit()

    tried.before = disable
    seen = []
    tried.during = lambda _chunk: seen.append(bool(session.scalars(select(User).limit(1)).all()))
    run_job(number)
    assert seen == [True, False, False]


def test_the_system_runs_what_nobody_ordered(session, tried, ordered):
    run_job(ordered())
    assert tried.actors == ["system"] * 3


def test_an_unexpected_error_is_left_to_the_log(session, tried, ordered, job_of):
    update_rows(session, User, User.username == "csd", {"language": "en"})
    number = ordered("break", username="csd")
    run_job(number)
    assert (job_of(number).state, job_of(number).error) == ("failed", "It failed; the log says why.")


def test_a_refusal_is_the_error_that_people_read(session, tried, ordered, job_of):
    number = ordered("refuse")
    run_job(number)
    assert (job_of(number).state, job_of(number).error) == ("failed", "Not on a Tuesday.")


def test_orders_with_one_key_are_one_job(session, tried, ordered):
    assert ordered(key="the same") == ordered(key="the same")


def test_a_waiting_job_is_taken_back_at_once(session, tried, ordered, job_of):
    number = ordered()
    cancel(session, SYSTEM, number)
    session.commit()
    assert job_of(number).state == "cancelled"
    assert not run_job(number)


def test_a_running_job_stops_after_its_chunk_and_keeps_what_is_done(session, tried, ordered, job_of):
    number = ordered()

    def stop(chunk):
        if chunk == 2:
            cancel(session, SYSTEM, number)

    tried.during = stop
    run_job(number)
    assert (job_of(number).state, job_of(number).done, made(session)) == ("cancelled", 2, 2)


def test_nobody_takes_back_the_job_of_another(session, tried, ordered):
    number = ordered(username="csd")
    for policy in (Policy("css", 0), Policy("nobody")):
        with pytest.raises(NotFound):
            cancel(session, policy, number)


def test_a_job_of_the_system_is_nobodys_but_an_administrators(session, tried, ordered):
    with pytest.raises(NotFound):
        cancel(session, Policy("nobody"), ordered())


def test_the_watch_frees_what_a_dead_worker_held(session, tried, ordered, job_of):
    number = ordered()
    as_left_by_a_dead_worker(session, number)
    look_around(session)
    assert (job_of(number).state, job_of(number).worker) == ("queued", None)


def test_the_watch_leaves_the_living_alone(session, tried, ordered, job_of):
    number = ordered()
    as_left_by_a_dead_worker(session, number, lease_until=utc_now() + timedelta(seconds=60))
    look_around(session)
    assert job_of(number).state == "running"


def test_the_watch_gives_up_a_job_that_ends_each_of_its_workers(session, tried, ordered, job_of):
    number = ordered()
    as_left_by_a_dead_worker(session, number, attempts=MAX_ATTEMPTS)
    look_around(session)
    assert job_of(number).state == "failed"
    assert "without any progress" in job_of(number).error


def test_the_watch_wakes_what_the_queue_forgot(session, tried, ordered, app):
    number = ordered()
    jobs = app.extensions["dutybook_jobs"]
    while not jobs.is_empty():
        jobs.huey.dequeue()
    session.execute(update(Job).where(Job.id == number).values(queued_at=utc_now() - timedelta(minutes=1)))
    session.commit()
    look_around(session)
    assert number in [task.args[0] for task in jobs.huey.pending()]


def test_the_daily_work_is_ordered_once_a_day(session, app):
    for _round in range(3):
        look_around(session)
    keys = session.scalars(select(Job.idempotency_key).where(Job.kind == "refresh_customers")).all()
    assert len(keys) == 1


def test_an_order_that_is_rolled_back_wakes_nobody(session, tried, app):
    jobs = app.extensions["dutybook_jobs"]
    before = len(jobs.huey.pending())
    order(session, "count", {"chunks": 1}, None)
    session.rollback()
    assert len(jobs.huey.pending()) == before
