"""Where to go next: only ever to a page of ours."""


def inside(path: str) -> str:
    """`path` where it is one of ours, else `/`: nothing that a browser would take for another host."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if plain else "/"
