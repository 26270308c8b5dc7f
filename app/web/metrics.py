"""Prometheus figures of this process, with bounded labels: no label carries a user, a case or a file."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True)
class Metrics:
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    seconds: Histogram = field(init=False)
    waiting: Gauge = field(init=False)

    def __post_init__(self) -> None:
        labels = ("method", "route", "status")
        requests = Counter("blastscreen_requests_total", "Requests answered", labels, registry=self.registry)
        seconds = Histogram(
            "blastscreen_request_seconds", "Time to answer", ("route",), buckets=SECONDS, registry=self.registry
        )
        waiting = Gauge("blastscreen_review_waiting", "Cells that wait for a human read", registry=self.registry)
        object.__setattr__(self, "requests", requests)
        object.__setattr__(self, "seconds", seconds)
        object.__setattr__(self, "waiting", waiting)

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        self.requests.labels(method=method, route=route, status=str(status)).inc()
        self.seconds.labels(route=route).observe(seconds)

    def scrape(self) -> bytes:
        return generate_latest(self.registry)
