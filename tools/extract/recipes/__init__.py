"""Which template becomes which workflow, in a file for each family of graphs."""

from tools.extract.recipes.ltx import LTX
from tools.extract.recipes.ltx_guides import LTX_GUIDES
from tools.extract.recipes.recipe import Recipe, is_sink
from tools.extract.recipes.wan import WAN

__all__ = ["RECIPES", "Recipe", "is_sink"]

RECIPES: dict[str, Recipe] = {**LTX, **LTX_GUIDES, **WAN}
