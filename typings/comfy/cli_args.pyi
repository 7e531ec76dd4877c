from argparse import Namespace

args: Namespace

def enables_dynamic_vram() -> bool: ...
