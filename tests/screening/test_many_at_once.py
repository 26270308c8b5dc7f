"""More posts at once than the service has threads: nobody may wait for a thread while holding the write lock."""

from concurrent.futures import ThreadPoolExecutor
from inspect import signature

from fastapi.routing import APIRoute, iter_route_contexts
from starlette.responses import Response

from app.db import _writing_session
from tests.factories import Service, cell, rows


def test_a_hundred_posts_and_reads_at_once_all_succeed(either_service: Service) -> None:
    lab = either_service.lab()
    first = lab.screen(cell(0)).json()["id"]
    images = [cell(seed % 10) for seed in range(50)]

    with ThreadPoolExecutor(100) as pool:
        posts = [pool.submit(lab.screen, image) for image in images]
        reads = [pool.submit(lab.get, f"/api/v1/screenings/{first}") for _ in range(50)]
        told = [one.result().status_code for one in posts + reads]

    assert told == [201] * 50 + [200] * 50
    assert rows(either_service.database)["screenings"] == 51


def test_every_route_that_writes_makes_its_reply_itself(service: Service) -> None:
    routes = [context.route for context in iter_route_contexts(service.app.routes)]
    writing = [
        route
        for route in routes
        if isinstance(route, APIRoute) and any(one.call is _writing_session for one in route.dependant.dependencies)
    ]

    assert len(writing) > 10
    for route in writing:
        kind = signature(route.endpoint).return_annotation
        assert isinstance(kind, type), route.path
        assert issubclass(kind, Response), route.path
