"""Sizes of the demo models.

Those of the checkpoint are stored in its metadata, where ComfyUI finds the sizes of the real one, too.
"""

from typing import Any

LATENT_CHANNELS = 128  # latents of video are (B, 128, T, H, W); those of audio are (B, 8, T, 16), 8 x 16 = 128 as well
VIDEO_HEADS, VIDEO_HEAD_WIDTH = 6, 32
AUDIO_HEADS, AUDIO_HEAD_WIDTH = 4, 16  # ComfyUI assumes cross_attention_dim = heads x width, also for audio
VIDEO_WIDTH = VIDEO_HEADS * VIDEO_HEAD_WIDTH
AUDIO_WIDTH = AUDIO_HEADS * AUDIO_HEAD_WIDTH

VOCABULARY = 1024
CONTEXT = 1024  # tokens that a prompt is padded to
GEMMA_WIDTH = 64
GEMMA_STATES = 49  # the embedding and the hidden states of 48 layers, each (B, tokens, GEMMA_WIDTH)
GEMMA_VISION = {
    "num_channels": 3,
    "hidden_act": "gelu_pytorch_tanh",
    "hidden_size": 16,
    "image_size": 896,
    "intermediate_size": 16,
    "model_type": "siglip_vision_model",
    "num_attention_heads": 1,
    "num_hidden_layers": 1,
    "patch_size": 56,  # 16 x 16 patches: an image has as many tokens
}

TRANSFORMER: dict[str, Any] = {
    "num_attention_heads": VIDEO_HEADS,
    "attention_head_dim": VIDEO_HEAD_WIDTH,
    "cross_attention_dim": VIDEO_WIDTH,
    "audio_num_attention_heads": AUDIO_HEADS,
    "audio_attention_head_dim": AUDIO_HEAD_WIDTH,
    "audio_cross_attention_dim": AUDIO_WIDTH,
    "in_channels": LATENT_CHANNELS,
    "audio_in_channels": LATENT_CHANNELS,
    "caption_channels": 64,
    "num_layers": 4,
    "positional_embedding_max_pos": [4, 256, 256],
    "audio_positional_embedding_max_pos": [4],
    "timestep_scale_multiplier": 1000,
    "av_ca_timestep_scale_multiplier": 1000,
    "causal_temporal_positioning": True,
    "use_middle_indices_grid": True,
    "rope_type": "split",
    "frequencies_precision": "float64",
    "apply_gated_attention": True,
    "cross_attention_adaln": True,
    "caption_proj_before_connector": True,
    "caption_projection_first_linear": False,
    "connector_num_attention_heads": VIDEO_HEADS,
    "connector_attention_head_dim": VIDEO_HEAD_WIDTH,
    "connector_num_layers": 1,
    "audio_connector_num_attention_heads": AUDIO_HEADS,
    "audio_connector_attention_head_dim": AUDIO_HEAD_WIDTH,
    "connector_apply_gated_attention": True,
}

# Latents are 32 times smaller in height and width (8 by blocks, 4 by patches) and 8 times in time:
# (B, 3, T, H, W) becomes (B, 128, (T - 1) / 8 + 1, H / 32, W / 32).
VIDEO_VAE: dict[str, Any] = {
    "_class_name": "CausalVideoAutoencoder",
    "dims": 3,
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": LATENT_CHANNELS,
    "patch_size": 4,
    "norm_layer": "pixel_norm",
    "latent_log_var": "uniform",
    "spatial_padding_mode": "replicate",
    "timestep_conditioning": False,
    "causal_decoder": False,
    "encoder_base_channels": 4,
    "decoder_base_channels": 4,
    "encoder_blocks": [
        ["res_x", {"num_layers": 1}],
        ["compress_all_x_y", {"multiplier": 4}],
        ["compress_all_x_y", {"multiplier": 8}],
        ["compress_all_x_y", {"multiplier": 2}],
    ],
    # Like the encoder's, they are listed from the picture inwards; ComfyUI builds them in reverse.
    "decoder_blocks": [
        ["res_x", {"num_layers": 1}],
        ["compress_all", {"multiplier": 4}],
        ["compress_all", {"multiplier": 8}],
        ["compress_all", {"multiplier": 1}],
        ["res_x", {"num_layers": 1}],
    ],
}

_AUDIO_CODER = {
    "double_z": True,
    "mel_bins": 64,
    "z_channels": 8,
    "resolution": 256,
    "downsample_time": False,
    "in_channels": 2,
    "out_ch": 2,
    "ch": 8,
    "ch_mult": [1, 1, 1],
    "num_res_blocks": 1,
    "attn_resolutions": [],
    "dropout": 0.0,
    "mid_block_add_attention": False,
    "norm_type": "pixel",
    "causality_axis": "height",
}
AUDIO_VAE: dict[str, Any] = {
    "model": {"params": {"ddconfig": _AUDIO_CODER, "sampling_rate": 16000}},
    "preprocessing": {"stft": {"filter_length": 1024, "hop_length": 160}},
}

_GENERATOR = {
    "upsample_initial_channel": 32,
    "resblock": "AMP1",
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3, 5]],
    "activation": "snakebeta",
    "stereo": True,
    "use_bias_at_final": False,
}
# Mel frames, one for each 10 ms, become sound at 16 kHz and then at 48 kHz: (B, 2, T, 64) becomes (B, 2, 480 T).
VOCODER: dict[str, Any] = {
    "vocoder": {**_GENERATOR, "upsample_rates": [1, 160], "upsample_kernel_sizes": [1, 320]},
    "bwe": {
        **_GENERATOR,
        "upsample_rates": [12, 20],
        "upsample_kernel_sizes": [24, 40],
        "input_sampling_rate": 16000,
        "output_sampling_rate": 48000,
        "hop_length": 80,
        "n_fft": 512,
        "num_mels": 64,
    },
}

UPSAMPLER: dict[str, Any] = {
    "_class_name": "LatentUpsampler",
    "in_channels": LATENT_CHANNELS,
    "mid_channels": 96,  # for a normalisation with 32 groups of three
    "num_blocks_per_stage": 1,
    "dims": 3,
    "spatial_upsample": True,
    "temporal_upsample": False,
    "spatial_scale": 2.0,
    "rational_resampler": True,
}

# MoGe 2 estimates depth and normals of a picture. A head of attention has 64 channels, so this is the narrowest DINOv2
# that ComfyUI builds.
_GEOMETRY_LEVELS, _GEOMETRY_WIDTH = 5, 8
GEOMETRY_TOKENS = (64, 256)  # patches at the lowest and highest resolution level; MoGe's own are 1200 and 3600


def _conv_stack(inputs: list[int], outputs: int | None) -> dict[str, Any]:
    return {
        "dim_in": inputs,
        "dim_res_blocks": [_GEOMETRY_WIDTH] * _GEOMETRY_LEVELS,
        "dim_out": [None] * (_GEOMETRY_LEVELS - 1) + [outputs],
        "resamplers": ["bilinear"] * (_GEOMETRY_LEVELS - 1),
        "num_res_blocks": [1] + [0] * (_GEOMETRY_LEVELS - 1),
    }


_GEOMETRY_FEATURES = [_GEOMETRY_WIDTH] * _GEOMETRY_LEVELS
GEOMETRY: dict[str, Any] = {
    "encoder": {
        "backbone": {
            "hidden_size": 64,
            "num_attention_heads": 1,
            "num_hidden_layers": 4,
            "layer_norm_eps": 1e-6,
            "use_swiglu_ffn": False,
        },
        "intermediate_layers": [0, 1, 2, 3],
        "dim_out": _GEOMETRY_WIDTH,
    },
    # The two channels that the encoder does not give are the place of a pixel in the view.
    "neck": _conv_stack([_GEOMETRY_WIDTH + 2] + [2] * (_GEOMETRY_LEVELS - 1), None),
    "points_head": _conv_stack(_GEOMETRY_FEATURES, 3),
    "mask_head": _conv_stack(_GEOMETRY_FEATURES, 1),
    "normal_head": _conv_stack(_GEOMETRY_FEATURES, 3),
    "scale_head": {"dims": [64, 16, 1]},
}

# SDPose consists of the network and the VAE of Stable Diffusion 2, as Lotus uses them, and a head for heat maps.
POSE_WIDTH = 32  # the fewest channels for ComfyUI's group norms with 32 groups
POSE_FEATURES = 640  # ComfyUI's keypoint node accepts features (B, C, H, W) only with this C
POSE_UNET: dict[str, Any] = {
    "image_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": POSE_WIDTH,
    "channel_mult": [1, 2],
    "num_res_blocks": [1, 1],
    "transformer_depth": [0, 1],
    "transformer_depth_middle": 1,
    "transformer_depth_output": [0, 0, 1, 1],
    "context_dim": 1024,  # of the prompt embedding in the code of ComfyUI's node
    "use_spatial_transformer": True,
    "use_linear_in_transformer": True,
    "num_head_channels": 64,
    "num_classes": "sequential",
    "adm_in_channels": 4,
    "legacy": False,
    "heatmap_head": True,
}
POSE_HEAD: dict[str, Any] = {
    "in_channels": POSE_FEATURES,
    "input_size": (192, 256),  # in pixels; that of the real SDPose is 768 x 1024
    "deconv_out_channels": (16,),
    "conv_out_channels": (16,),
}
# ComfyUI has POSE_VAE_FIXED for any VAE of Stable Diffusion; POSE_VAE is what is smaller in the demo model.
POSE_VAE_FIXED: dict[str, Any] = {
    "double_z": True,
    "z_channels": 4,
    "resolution": 256,
    "in_channels": 3,
    "out_ch": 3,
    "attn_resolutions": [],
    "dropout": 0.0,
}
POSE_VAE: dict[str, Any] = {"ch": POSE_WIDTH, "ch_mult": [1, 1, 1, 1], "num_res_blocks": 0}
