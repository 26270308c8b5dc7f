"""`texture3` that asks how loud a wave is on the mean, not how often it is very loud: what thresholds bring.

python -m training fit texture3_loudness DIR
"""

import dataclasses

from training.recipes import texture3

RECIPE = dataclasses.replace(
    texture3.RECIPE, name="texture3_loudness", network_options={"thresholds": ()}, final_fit=False
)
