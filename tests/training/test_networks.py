import importlib
from pathlib import Path

import keras
import numpy as np
import pytest
from onnxruntime import InferenceSession

import training.recipes
from app.errors import Misconfigured
from training import onnx_model
from training.networks import anastasio, anna, arithmetic, carpenter, ours, plain, schneider, transfer

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


def counted(steps, *, size):
    """Parameters of the steps and one logit at `size` pixels, by arithmetic: half a billion need no memory."""
    side, channels, total, flat = size, 3, 0, 0
    for step in (*steps, plain.dense(1)):
        layer = step()
        match type(layer).__name__:
            case "Conv2D":
                kernel = layer.kernel_size[0]
                total += (kernel * kernel * channels + 1) * layer.filters
                side, channels = side if layer.padding == "same" else side - kernel + 1, layer.filters
            case "MaxPooling2D":
                side //= 2
            case "BatchNormalization":
                total += 4 * channels
            case "Dense":
                total += ((flat or side * side * channels) + 1) * layer.units
                flat = layer.units
            case other:
                assert other == "Dropout"
    return total


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("1C1D", 528_517_889),
        ("3C1D", 14_821_761),
        ("2x2x1C1D", 13_928_961),
        ("2x2x1C2D", 13_994_753),
        ("2x2x1x1C1D", 2_955_841),
        ("2x2x1x1C1D-BN", 1_619_393),
        ("4x1C1D", 3_343_681),
        ("3x1C3D", 7_478_273),
        ("2C3D", 31_558_593),
        ("2x2C1D-D25", 30_595_265),
        ("2x1x1C1D-D25", 7_485_633),
    ],
)
def test_carpenters_networks_have_the_parameters_that_were_published(name, parameters):
    assert counted(carpenter.LOCAL[name], size=256) == parameters


@pytest.mark.parametrize(("name", "millions"), [("2C1D", 63.0), ("1x1C1D-BN", 63.0), ("3C1D-few", 64.0)])
def test_those_published_in_millions_have_as_many(name, millions):
    assert counted(carpenter.LOCAL[name], size=256) == pytest.approx(millions * 1e6, abs=0.05e6)


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("baseline", 132),
        ("2C2D", 269),
        ("3x1C1D", 101),
        ("3x1C1D-D25", 101),
        ("4x1C1D", 6.5),
        ("5x1C1D", 1.3),
        ("5x1C1D-D25", 1.3),
        ("2x1x1C1D-D25", 98),
        ("2x2x1C1D", 101),
        ("2x2x1C1D-D25-nopad", 86),
        ("2x2x1x1C1D", 6.5),
        ("2x2x1x1C1D-D25", 6.5),
        ("2x2C2D-f5", 68),
        ("3x2C2D-D25", 67),
        ("3x3C1D-D25", 34),
    ],
)
def test_the_scripted_networks_have_the_parameters_that_were_published(name, millions):
    assert counted(carpenter.SAGEMAKER[name], size=256) == pytest.approx(millions * 1e6, rel=0.02)


@pytest.mark.parametrize("name", ["2x2x1x1C1D-BN", "2x2C1D-D25", "3C1D-few"])
def test_the_arithmetic_counts_what_keras_counts(name):
    assert carpenter.local(size=64, name=name).count_params() == counted(carpenter.LOCAL[name], size=64)


def test_every_network_of_the_earlier_projects_has_a_recipe():
    recipes = [
        importlib.import_module(f"training.recipes.{path.stem}").RECIPE
        for path in Path(training.recipes.__path__[0]).glob("[a-z]*.py")
    ]

    tried = {(recipe.network, recipe.network_options.get("name", "")) for recipe in recipes}

    assert tried >= {(carpenter.local, name) for name in carpenter.LOCAL}
    assert tried >= {(carpenter.sagemaker, name) for name in carpenter.SAGEMAKER}
    for network in (
        *(anastasio.baseline_dense, anastasio.cnn1, anastasio.cnn_aug, anastasio.cnn_aug_2, anastasio.cnn_reg),
        *(anastasio.cnn_dropout, anastasio.cnn_dropout_2, anna.anna, schneider.three_blocks),
    ):
        assert (network, "") in tried
    backbones = {recipe.network_options["backbone"] for recipe in recipes if recipe.network is transfer.transfer}
    assert backbones == set(transfer.BACKBONES)


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (anna.anna, 824_478),
        (schneider.three_blocks, 2_825_345),
        (anastasio.baseline_dense, 3_146_321),
        (anastasio.cnn1, 16_796_737),
        (anastasio.cnn_aug, 4_250_753),
        (anastasio.cnn_dropout, 4_250_753),
        (anastasio.cnn_dropout_2, 8_481_985),
        (anastasio.cnn_reg, 4_259_137),
        (anastasio.cnn_aug_2, 8_490_369),
    ],
)
def test_the_other_networks_have_the_parameters_that_were_published(make, parameters):
    assert make().count_params() == parameters


def test_the_u_net_of_anna_has_the_parameters_that_were_published():
    network = anna.anna()
    mask = next(layer for layer in network.layers if getattr(layer, "activation", None) is keras.activations.sigmoid)

    assert keras.Model(network.inputs, mask.output).count_params() == 135_325


def test_our_network_is_small_and_its_activation_map_averages_to_its_logit():
    network = ours.resnet(size=224)
    pixels = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3)).astype(np.float32)

    answer = network.predict_on_batch(pixels)

    assert network.count_params() < 3_000_000
    assert answer["cam"].mean(axis=(1, 2)) == pytest.approx(answer["logit"], abs=1e-4)
    assert answer["embedding"].shape == (2, 256)


def test_our_network_does_not_see_how_bright_a_cell_is():
    network = ours.resnet(size=224, width=16, blocks=(1, 1, 1))
    cell = np.zeros((1, 224, 224, 3), np.float32)
    cell[:, 50:170, 60:160] = np.random.default_rng(0).uniform(60, 90, (120, 100, 3))
    brighter = np.where(cell > 0, cell + 40, 0)

    dark, bright = (network.predict_on_batch(pixels)["logit"] for pixels in (cell, brighter))

    assert bright == pytest.approx(dark, abs=1e-3)


def test_centring_takes_the_cells_own_mean_and_one_spread_and_leaves_black_alone():
    pixels = np.zeros((2, 12, 10, 3), np.float32)
    pixels[:, 2:9, 3:8] = np.random.default_rng(0).integers(1, 256, (2, 7, 5, 3))
    cell = pixels.max(axis=3) > 0

    centred = np.asarray(arithmetic.colour_centred(pixels))

    for number in range(2):
        away = pixels[number][cell[number]] - pixels[number][cell[number]].mean(axis=0)
        assert centred[number][cell[number]] == pytest.approx(away / np.sqrt((away**2).mean() + 1), abs=1e-4)
        assert not centred[number][~cell[number]].any()


def test_an_image_without_a_cell_still_gets_a_finite_logit():
    network = ours.resnet(size=224, width=16, blocks=(1, 1, 1))

    answer = network.predict_on_batch(np.zeros((1, 224, 224, 3), np.float32))

    assert np.isfinite(answer["logit"]).all()


def test_transfer_without_weights_says_so_instead_of_starting_from_noise(tmp_path):
    with pytest.raises(Misconfigured, match="There are no ImageNet weights at"):
        transfer.transfer(backbone="MobileNetV2", weights=str(tmp_path / "none.h5"))


def test_transfer_whose_weights_cannot_be_fetched_says_so_and_what_to_do(monkeypatch):
    def unreachable(*_, **__):  # in Keras' own words and of its own kind
        raise Exception("URL fetch failure on https://weights.invalid: None -- Name or service not known")  # noqa: TRY002

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", unreachable)

    with pytest.raises(Misconfigured, match=r"neither in Keras' cache nor to be had .*say --from-scratch"):
        transfer.transfer(size=32, backbone="MobileNetV2")


@pytest.mark.filterwarnings("ignore:Skipping nested container")  # Keras warns of each layer before it gives up
def test_a_file_that_holds_other_weights_or_none_is_told_apart_from_one_that_is_not_there(tmp_path):
    (tmp_path / "cut.weights.h5").write_bytes(b"no more than a beginning")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save_weights(tmp_path / "other.weights.h5")

    for name in ("cut.weights.h5", "other.weights.h5"):
        with pytest.raises(Misconfigured, match=rf"{name} holds no weights that fit MobileNetV2 .*Name their file"):
            transfer.transfer(size=32, backbone="MobileNetV2", weights=str(tmp_path / name))


PREPROCESSINGS = {
    "Xception": keras.applications.xception,
    "VGG16": keras.applications.vgg16,
    "ResNet50": keras.applications.resnet,
    "InceptionResNetV2": keras.applications.inception_resnet_v2,
    "MobileNetV2": keras.applications.mobilenet_v2,
}


@pytest.mark.parametrize("backbone", transfer.BACKBONES)
def test_each_backbone_sees_pixels_as_keras_prepares_them_in_the_exported_graph_too(backbone, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    entered = keras.Input((8, 8, 3), name="pixels")
    onnx_model.write(
        keras.Model(entered, {"seen": transfer.prepared(entered, backbone=backbone)}), tmp_path / "model.onnx", size=8
    )

    (seen,) = InferenceSession(tmp_path / "model.onnx").run(["seen"], {"pixels": pixels})

    assert seen == pytest.approx(PREPROCESSINGS[backbone].preprocess_input(pixels.astype(np.float32)), abs=1e-4)


def test_a_network_too_large_for_its_constants_is_exported_with_the_same_answers(tmp_path, monkeypatch):
    network = schneider.three_blocks(size=32, drop=0.25)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    told = []

    for large in (10**9, 0):
        monkeypatch.setattr(onnx_model, "LARGE", large)
        outputs = onnx_model.write(network, tmp_path / "model.onnx", size=32)
        session = InferenceSession(tmp_path / "model.onnx")
        assert [given.name for given in session.get_inputs()] == ["pixels"]
        told.append(dict(zip(outputs, session.run(list(outputs), {"pixels": pixels}), strict=True)))

    assert told[1]["logit"] == pytest.approx(told[0]["logit"], abs=1e-5)
    assert told[1]["logit"] == pytest.approx(network.predict_on_batch(pixels.astype(np.float32))["logit"], abs=1e-4)


def test_from_scratch_the_backbone_learns_and_its_preprocessing_is_in_the_graph():
    network = transfer.transfer(size=32, backbone="MobileNetV2", scratch=True)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    body = next(layer for layer in network.layers if isinstance(layer, keras.Model))

    seen = network.predict_on_batch(pixels)["embedding"]

    assert len(network.trainable_weights) > 100
    assert seen == pytest.approx(body.predict_on_batch(pixels / 127.5 - 1).mean(axis=(1, 2)), abs=1e-5)
