"""`texture1` that saw every cell only as it is: what the variations cost, and what they buy in the shift test.

python -m training fit texture1_plain DIR
"""

import dataclasses

from training.recipes import texture1

RECIPE = dataclasses.replace(texture1.RECIPE, name="texture1_plain", views=0, seeds=(0,), final_fit=False)
