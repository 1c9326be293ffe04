"""What the Python peers have in common: lone calls one after the other, then rounds of many at once, as one JSON line."""
import json
import time

CALLS = 200
ROUNDS = 3


def seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def report(peer, version, engines, start_s, tasks, call_one, call_many):
    """`call_one(i)` runs one task and waits for it, `call_many(n)` runs n of them and waits for all."""
    call_many(100)
    latency = sorted(1e3 * seconds(lambda: call_one(i)) for i in range(CALLS))
    rates = sorted(tasks / seconds(lambda: call_many(tasks)) for _ in range(ROUNDS))
    figures = {
        "peer": peer,
        "version": version,
        "engines": engines,
        "start_s": round(start_s, 3),
        "latency_ms_p50": round(latency[CALLS // 2], 3),
        "latency_ms_p95": round(latency[CALLS * 95 // 100], 3),
        "tasks_per_s": round(rates[ROUNDS // 2]),
    }
    print(json.dumps(figures), flush=True)
