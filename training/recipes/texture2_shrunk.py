"""`texture2` on the crop of the earlier networks, 288 pixels shrunk to 128: what native scale brings.

python -m training fit texture2_shrunk DIR
"""

import dataclasses

from training.recipes import texture2

RECIPE = dataclasses.replace(texture2.RECIPE, name="texture2_shrunk", size=288, shrink_to=128, final_fit=False)
