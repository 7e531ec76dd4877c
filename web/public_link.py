"""A public link to this Kinora, by Gradio's share servers: what it serves goes through a tunnel to them."""

import secrets

from gradio.networking import setup_tunnel

from errors import KinoraError


class ShareError(KinoraError):
    """There is no public link."""


def public_link(host: str, port: int) -> str:
    """The link's address; the tunnel lasts as long as this process. Takes seconds, up to a minute.

    Raises ShareError where Gradio's servers cannot be reached, or their program for the tunnel (downloaded at first)
    cannot be had or ends.
    """
    local = "127.0.0.1" if host in ("0.0.0.0", "::", "localhost") else host
    try:
        return setup_tunnel(local, port, secrets.token_urlsafe(32), None, None)
    except Exception as error:  # Gradio passes on whatever its download, its program and its answers raise
        raise ShareError(
            "No public link could be made: Gradio's share servers did not give one.",
            "Kinora goes on without it. It needs the internet; in your own network, listen with --host instead.",
            f"{type(error).__name__}: {error}",
        ) from error
