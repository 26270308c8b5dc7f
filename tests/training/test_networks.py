import numpy as np
import pytest

from app.errors import Misconfigured
from training.networks import anastasio, anna, carpenter, ours, schneider, transfer

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
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
    assert carpenter.local(size=256, name=name).count_params() == parameters


@pytest.mark.parametrize(
    ("name", "millions"), [("4x1C1D", 6.5), ("5x1C1D", 1.3), ("2x2x1x1C1D", 6.5), ("3x3C1D-D25", 33.9)]
)
def test_the_deployed_networks_have_the_parameters_that_were_published(name, millions):
    assert carpenter.sagemaker(size=256, name=name).count_params() == pytest.approx(millions * 1e6, rel=0.01)


def test_the_largest_network_of_all_has_its_parameters_by_arithmetic():
    small = carpenter.local(size=32, name="1C1D")

    at_256 = small.count_params() + (127**2 - 15**2) * 64 * 512

    assert at_256 == 528_517_889


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


@pytest.mark.parametrize("make", [ours.resnet, ours.fine_resnet])
def test_our_network_is_small_and_its_activation_map_averages_to_its_logit(make):
    network = make(size=224)
    pixels = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3)).astype(np.float32)

    answer = network.predict_on_batch(pixels)

    assert network.count_params() < 3_000_000
    assert answer["cam"].mean(axis=(1, 2)) == pytest.approx(answer["logit"], abs=1e-4)
    assert answer["embedding"].shape == (2, 256)


@pytest.mark.parametrize("make", [ours.resnet, ours.fine_resnet])
def test_our_network_does_not_see_how_bright_a_cell_is(make):
    network = make(size=224, width=16, blocks=(1, 1, 1))
    cell = np.zeros((1, 224, 224, 3), np.float32)
    cell[:, 50:170, 60:160] = np.random.default_rng(0).uniform(60, 90, (120, 100, 3))
    brighter = np.where(cell > 0, cell + 40, 0)

    dark, bright = (network.predict_on_batch(pixels)["logit"] for pixels in (cell, brighter))

    assert bright == pytest.approx(dark, abs=1e-3)


@pytest.mark.parametrize("make", [ours.resnet, ours.fine_resnet])
def test_an_image_without_a_cell_still_gets_a_finite_logit(make):
    network = make(size=224, width=16, blocks=(1, 1, 1))

    answer = network.predict_on_batch(np.zeros((1, 224, 224, 3), np.float32))

    assert np.isfinite(answer["logit"]).all()


def test_transfer_without_weights_says_so_instead_of_starting_from_noise(tmp_path):
    with pytest.raises(Misconfigured, match="There are no ImageNet weights at"):
        transfer.transfer(backbone="MobileNetV2", weights=str(tmp_path / "none.h5"))
