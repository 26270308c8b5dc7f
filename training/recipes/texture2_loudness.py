"""`texture2` that asks how loud a wave is on the mean, not how often it is very loud: what thresholds bring.

python -m training fit texture2_loudness DIR
"""

import dataclasses

from training.recipes import texture2

RECIPE = dataclasses.replace(
    texture2.RECIPE, name="texture2_loudness", network_options={"thresholds": ()}, final_fit=False
)
