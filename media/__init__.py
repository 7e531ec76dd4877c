"""Media files: probes images, sounds and videos of many formats, and prepares them for graphs as PNG, WAV or MP4.

This room runs in the page's process, and imports neither torch nor ComfyUI.
"""

from media.audio import AudioInfo, probe_audio
from media.hardlink import link
from media.image import ImageInfo, probe_image
from media.preparer import Preparer, digest, readable
from media.source import MediaError
from media.thumbnail import thumbnail
from media.video import VideoInfo, probe_video, sample

__all__ = [
    "AudioInfo",
    "ImageInfo",
    "MediaError",
    "Preparer",
    "VideoInfo",
    "digest",
    "link",
    "probe_audio",
    "probe_image",
    "probe_video",
    "readable",
    "sample",
    "thumbnail",
]
