"""The library that Keras computes with: TensorFlow, JAX or PyTorch, as KERAS_BACKEND says."""

import importlib


def device() -> str:
    """What Keras computes on where nothing else is said: `cpu`, `gpu` or `tpu`."""
    import keras  # noqa: PLC0415 - who only asks for a backend does not load it

    if keras.config.backend() == "torch":
        return "gpu" if importlib.import_module("torch").cuda.is_available() else "cpu"
    try:
        return str(keras.distribution.list_devices()[0]).partition(":")[0].lower()
    except AttributeError:  # Keras has a list of devices for TensorFlow and JAX only
        return "cpu"
