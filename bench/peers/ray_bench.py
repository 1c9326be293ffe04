"""Ray's remote functions: ENGINES TASKS."""
import sys
import time

import ray
from measure import report


def main(engines, tasks):
    began = time.perf_counter()
    ray.init(num_cpus=engines, include_dashboard=False, log_to_driver=False, logging_level="error")
    start_s = time.perf_counter() - began
    noop = ray.remote(lambda x: x)
    report(
        "ray",
        ray.__version__,
        engines,
        start_s,
        tasks,
        lambda i: ray.get(noop.remote(i)),
        lambda n: ray.get([noop.remote(i) for i in range(n)]),
    )
    ray.shutdown()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
