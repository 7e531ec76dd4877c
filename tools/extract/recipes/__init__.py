"""Which template becomes which workflow, in a file for each family of graphs."""

from tools.extract.recipes.cogvideo import COGVIDEO
from tools.extract.recipes.enhance import ENHANCE
from tools.extract.recipes.ltx import LTX
from tools.extract.recipes.ltx_guides import LTX_GUIDES
from tools.extract.recipes.qwen import QWEN
from tools.extract.recipes.recipe import Recipe, is_sink
from tools.extract.recipes.wan import WAN
from tools.extract.recipes.zimage import ZIMAGE

__all__ = ["RECIPES", "Recipe", "is_sink"]

RECIPES: dict[str, Recipe] = {**LTX, **LTX_GUIDES, **WAN, **ZIMAGE, **QWEN, **ENHANCE, **COGVIDEO}
