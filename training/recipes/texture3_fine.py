"""`texture3` that looks at single pixels only: what the two coarser scales bring.

python -m training fit texture3_fine DIR
"""

import dataclasses

from training.recipes import texture3

RECIPE = dataclasses.replace(texture3.RECIPE, name="texture3_fine", network_options={"scales": (1,)}, final_fit=False)
