"""dask.distributed with one thread in each of its worker processes: ENGINES TASKS."""
import sys
import time

import distributed
from measure import report


def noop(x):
    return x


def main(engines, tasks):
    began = time.perf_counter()
    with distributed.LocalCluster(n_workers=engines, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            start_s = time.perf_counter() - began
            report(
                "dask.distributed",
                distributed.__version__,
                engines,
                start_s,
                tasks,
                # `pure=False`: else the same call is not run twice.
                lambda i: client.submit(noop, i, pure=False).result(),
                lambda n: client.gather(client.map(noop, range(n), pure=False)),
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
