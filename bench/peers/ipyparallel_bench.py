"""ipyparallel's load-balanced view with its own defaults: ENGINES TASKS."""
import logging
import sys
import time
import warnings

import ipyparallel
from measure import report


def noop(x):
    return x


def main(engines, tasks):
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    with ipyparallel.Cluster(n=engines, log_level=logging.ERROR) as client:
        client.wait_for_engines(engines)
        start_s = time.perf_counter() - began
        view = client.load_balanced_view()
        report(
            "ipyparallel",
            ipyparallel.__version__,
            engines,
            start_s,
            tasks,
            lambda i: view.apply_sync(noop, i),
            lambda n: view.map_async(noop, range(n), chunksize=1).get(),
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
