"""`texture2` that saw every cell only as it is: what the variations cost, and what they buy in the shift test.

python -m training fit texture2_plain DIR
"""

import dataclasses

from training.recipes import texture2

RECIPE = dataclasses.replace(texture2.RECIPE, name="texture2_plain", views=0, final_fit=False)
