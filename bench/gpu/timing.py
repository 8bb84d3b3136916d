"""Times of contestants that take turns on a GPU, launched from CUDA graphs where they can be captured. Without a device calls
are timed by the clock, which is how the scripts are rehearsed."""
import statistics
import sys
import time

import torch

ROTATED_BYTES = 400 << 20  # several second-level caches
CALLS_OF_A_GRAPH = 32      # at least: what launching a graph costs is divided among them


def seconds(call, repetitions):
    """Seconds of one call, of `repetitions` in a row."""
    if not torch.cuda.is_available():
        begin = time.perf_counter()
        for _ in range(repetitions):
            call()
        return (time.perf_counter() - begin) / repetitions
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(repetitions):
        call()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3 / repetitions


def compare(contestants, rounds=15, least=2e-3):
    """Medians and quartiles of seconds a call by name; contestants take turns. Each one's rotation is a CUDA graph where it
    can be captured, so that what launching costs Python counts for nobody."""
    replays, repetitions = {}, {}
    if torch.cuda.is_available():
        contestants = {name: calls * -(-CALLS_OF_A_GRAPH // len(calls)) for name, calls in contestants.items()}
    for name, calls in contestants.items():
        for call in calls:
            call()  # uncaptured first: what is loaded and allowed once is loaded and allowed now
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        replays[name] = captured(name, calls)
        once = max(seconds(replays[name], 1), 1e-7)
        repetitions[name] = max(1, int(least / once))
    times = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, calls in contestants.items():
            times[name].append(seconds(replays[name], repetitions[name]) / len(calls))
    return {name: dict(zip(("low", "median", "high"), statistics.quantiles(t, n=4))) for name, t in times.items()}


def captured(name, calls):
    """A call that makes all of `calls`, as a graph if possible."""
    def rotation():
        for call in calls:
            call()

    if not torch.cuda.is_available():
        return rotation
    try:
        return graphed(rotation)
    except RuntimeError as error:
        print(f"  {name}: no graph: {str(error).splitlines()[0]}", file=sys.stderr)
        torch.cuda.synchronize()
        return rotation


def graphed(call):
    """`call` as a replay of a CUDA graph. Its memory is the graph's own."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    graph.keep = call
    return graph.replay


def rotations(bytes_of_one):
    return max(1, -(-ROTATED_BYTES // bytes_of_one))


def compiled(function, *example):
    """torch.compile's version, or None where it does not compile here."""
    try:
        torch._dynamo.reset()  # another case's shapes are not this one's
        fast = torch.compile(function)
        fast(*example)
        return fast
    except Exception as error:  # whatever the compiler lacks on this machine
        print(f"  torch.compile: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", file=sys.stderr)
        return None


def with_rivals(ours, function, inputs, compile=False):
    """ours, torch eager and, if asked for, torch compiled, over the same rotated inputs."""
    contestants = {"gradmimic": ours, "torch": [lambda x=x: function(*x) for x in inputs]}
    fast = compiled(function, *inputs[0]) if compile else None
    if fast is not None:
        contestants["torch.compile"] = [lambda x=x: fast(*x) for x in inputs]
    return contestants
