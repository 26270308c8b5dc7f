"""`texture2` that looks at single pixels only: what the two coarser scales bring.

python -m training fit texture2_fine DIR
"""

import dataclasses

from training.recipes import texture2

RECIPE = dataclasses.replace(texture2.RECIPE, name="texture2_fine", network_options={"scales": (1,)}, final_fit=False)
