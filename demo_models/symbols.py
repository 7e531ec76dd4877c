"""Replaces two symbols of ComfyUI, whose sizes of Gemma 3 12B are written in the code and not read from the file.

It can go when ComfyUI (0.30.0 here) reads Gemma's config and the size of the LTX text projection from the
files' metadata or shapes. Until then a process with these replacements loads the demo text encoder only.
"""

from dataclasses import dataclass

from comfy.text_encoders import llama, lt

from demo_models import shapes


@dataclass
class DemoGemmaConfig(llama.Gemma3_12B_Config):
    """Gemma 3 12B with its 48 layers (ComfyUI knows the model by layer 47), each as small as can be."""

    vocab_size: int = shapes.VOCABULARY
    hidden_size: int = shapes.GEMMA_WIDTH
    intermediate_size: int = 2 * shapes.GEMMA_WIDTH
    num_attention_heads: int = 1
    num_key_value_heads: int = 1
    head_dim = shapes.GEMMA_WIDTH
    vision_config = shapes.GEMMA_VISION


class DemoProjection(lt.DualLinearProjection):
    """The projection of all 49 hidden states to video and audio context, in the demo models' sizes."""

    def __init__(self, in_dim: int, out_dim_video: int, out_dim_audio: int, **factory: object) -> None:
        super().__init__(shapes.GEMMA_STATES * shapes.GEMMA_WIDTH, shapes.VIDEO_WIDTH, shapes.AUDIO_WIDTH, **factory)


def replace() -> None:
    """Puts the small classes in place of ComfyUI's; a second call changes nothing."""
    if llama.Gemma3_12B_Config is DemoGemmaConfig:
        return
    original = llama.Gemma3_12B_Config()
    assert (original.hidden_size, original.num_hidden_layers) == (3840, 48), "Gemma's config has changed"
    assert "vision_config" in vars(llama.Gemma3_12B_Config), "Gemma's vision config has moved"
    assert lt.LTXAVTEModel.__init__.__globals__["DualLinearProjection"] is lt.DualLinearProjection
    llama.Gemma3_12B_Config = DemoGemmaConfig
    lt.DualLinearProjection = DemoProjection
