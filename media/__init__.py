"""What people upload, looked at and made ready for a workflow: pictures, sounds and videos of many kinds in,
PNG, WAV and MP4 of one kind each out. Runs in the web process: neither torch nor ComfyUI is imported."""

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
