"""Work beside the requests: ordered by a row, done by a worker, continued by another one where that died.

`order` puts rows in and takes them back, `run` does one, `queue` wakes workers, `watch` finds what was lost and orders
the daily work, `worker` is the process. `engine.job` says what a kind of job is.
"""
