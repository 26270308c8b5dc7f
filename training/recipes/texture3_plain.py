"""`texture3` that saw every cell only as it is: what the variations cost, and what they buy in the shift test.

python -m training fit texture3_plain DIR
"""

import dataclasses

from training.recipes import texture3

RECIPE = dataclasses.replace(texture3.RECIPE, name="texture3_plain", views=0, final_fit=False)
