"""The scenario with the official Python client, nats-py. Arguments: URL, user, password."""

import asyncio
import sys

import nats
from nats.errors import NoRespondersError

URL, USER, PASSWORD = sys.argv[1:4]
LIMIT = 5


def connect(password=PASSWORD, **options):
    return nats.connect(URL, user=USER, password=password, allow_reconnect=False, **options)


async def publish_and_subscribe(one, other):
    subscription = await other.subscribe("py.plain")
    await other.flush()
    for number in range(100):
        await one.publish("py.plain", str(number).encode())
    for number in range(100):
        message = await subscription.next_msg(timeout=LIMIT)
        assert message.data == str(number).encode(), message.data


async def wildcards(one, other):
    star = await other.subscribe("py.*.end")
    rest = await other.subscribe("py.wild.>")
    await other.flush()
    for subject in ["py.wild.end", "py.wild.a.b", "py.x.end", "py.wild"]:
        await one.publish(subject, subject.encode())
    await one.flush()
    await other.flush()
    for subscription, expected in [(star, ["py.wild.end", "py.x.end"]), (rest, ["py.wild.end", "py.wild.a.b"])]:
        got = [(await subscription.next_msg(timeout=LIMIT)).subject for _ in expected]
        assert got == expected, got
        assert subscription.pending_msgs == 0, subscription.pending_msgs


async def queue_group(one, other):
    counts = [0, 0]

    def member(index):
        async def handle(_message):
            counts[index] += 1

        return handle

    await other.subscribe("py.jobs", queue="workers", cb=member(0))
    await one.subscribe("py.jobs", queue="workers", cb=member(1))
    await other.flush()
    await one.flush()
    for _ in range(100):
        await one.publish("py.jobs", b"")
    await one.flush()
    await other.flush()
    for _ in range(LIMIT * 100):
        if sum(counts) >= 100:
            break
        await asyncio.sleep(0.01)
    assert sum(counts) == 100 and min(counts) > 0, counts


async def request_and_reply(one, other):
    async def double(message):
        await message.respond(str(2 * int(message.data)).encode())

    await other.subscribe("py.double", cb=double)
    await other.flush()
    answers = await asyncio.gather(
        *(one.request("py.double", str(number).encode(), timeout=LIMIT) for number in range(20))
    )
    assert [int(answer.data) for answer in answers] == [2 * number for number in range(20)]


async def headers(one, other):
    subscription = await other.subscribe("py.headers")
    await other.flush()
    await one.publish("py.headers", b"body", headers={"Name": "value", "Other": "second"})
    message = await subscription.next_msg(timeout=LIMIT)
    assert message.data == b"body", message.data
    assert message.headers == {"Name": "value", "Other": "second"}, message.headers


async def no_responders(one, _other):
    try:
        await one.request("py.nobody", b"", timeout=LIMIT)
    except NoRespondersError:
        return
    raise AssertionError("the request did not fail")


async def large_payload(one, other):
    subscription = await other.subscribe("py.large")
    await other.flush()
    body = bytes(range(256)) * (one.max_payload // 256)
    await one.publish("py.large", body)
    message = await subscription.next_msg(timeout=LIMIT)
    assert message.data == body, len(message.data)


async def unsubscribe_after_a_maximum(one, other):
    subscription = await other.subscribe("py.some")
    await subscription.unsubscribe(limit=2)
    await other.flush()
    for _ in range(5):
        await one.publish("py.some", b"")
    await one.flush()
    await other.flush()
    for _ in range(2):
        await subscription.next_msg(timeout=LIMIT)
    assert subscription.delivered == 2, subscription.delivered


async def wrong_password(_one, _other):
    async def ignore(_error):
        pass

    try:
        await connect("wrong", max_reconnect_attempts=0, error_cb=ignore)
    except Exception as error:
        assert "authorization violation" in str(error).lower(), error
        return
    raise AssertionError("it was let in")


STEPS = [
    publish_and_subscribe,
    wildcards,
    queue_group,
    request_and_reply,
    headers,
    no_responders,
    large_payload,
    unsubscribe_after_a_maximum,
    wrong_password,
]


async def main():
    one = await connect()
    other = await connect()
    for step in STEPS:
        name = step.__name__.replace("_", " ")
        try:
            await asyncio.wait_for(step(one, other), 2 * LIMIT)
            print(f"ok {name}", flush=True)
        except Exception as error:
            print(f"failed {name}: {error!r}", flush=True)
    await one.close()
    await other.close()


asyncio.run(main())
