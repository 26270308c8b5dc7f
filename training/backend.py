"""The library that Keras computes with: TensorFlow, JAX or PyTorch, as KERAS_BACKEND says."""

import importlib
from importlib.util import find_spec

from app.errors import Misconfigured

ABLE = ("tensorflow", "jax", "torch")
"""Those under which Keras trains."""
WITHOUT_KERAS = ("index", "morphology")
"""Commands that run whatever the backend is."""
UNDER_TENSORFLOW = ("export", "time")
"""Commands that write a graph for ONNX Runtime, which goes by way of TensorFlow."""


class BackendUnfit(Misconfigured):
    code = "backend_unfit"


def refuse_unfit(named: str, *, command: str) -> None:
    """Raises BackendUnfit where `command` cannot run under what KERAS_BACKEND names, without loading it.

    Nothing named is Keras' own choice.
    """
    if not named or command in WITHOUT_KERAS:
        return
    if named not in ABLE:
        raise BackendUnfit(
            f"KERAS_BACKEND is {named}, under which Keras trains nothing. Unset it, or name one of {', '.join(ABLE)}."
        )
    if command in UNDER_TENSORFLOW and named != "tensorflow":
        raise BackendUnfit(f"`{command}` runs under TensorFlow, and KERAS_BACKEND is {named}. Unset it.")
    if find_spec(named) is None:
        raise BackendUnfit(f"KERAS_BACKEND is {named}, which is not installed. Install it, or unset KERAS_BACKEND.")


def device() -> str:
    """What Keras computes on where nothing else is said: `cpu`, `gpu` or `tpu`."""
    import keras  # noqa: PLC0415 - who only asks for a backend does not load it

    if keras.config.backend() == "torch":
        return "gpu" if importlib.import_module("torch").cuda.is_available() else "cpu"
    try:
        return str(keras.distribution.list_devices()[0]).partition(":")[0].lower()
    except AttributeError:  # Keras has a list of devices for TensorFlow and JAX only
        return "cpu"
