"""A public link to this Kinora: a tunnel through Gradio's share servers."""

import secrets

from gradio.networking import setup_tunnel

from errors import KinoraError


class PublicLinkError(KinoraError):
    """No public link could be opened."""


def open_public_link(host: str, port: int) -> str:
    """Opens a tunnel from Gradio's share servers to `host:port` on this machine, and returns its public https address.

    Everything Kinora serves then passes through those servers, and anybody who knows the address can reach it; so
    `app.py` asks for a password first. Gradio downloads its tunnel program at the first use. This takes from a few
    seconds up to a minute, and the tunnel lasts as long as this process.

    Raises PublicLinkError where the servers cannot be reached, or where the program cannot be downloaded or ends.
    """
    local = "127.0.0.1" if host in ("0.0.0.0", "::", "localhost") else host
    try:
        return setup_tunnel(local, port, secrets.token_urlsafe(32), None, None)
    except Exception as error:  # the download, the program and the servers can raise anything
        raise PublicLinkError(
            "Kinora could not get a public link: Gradio's share servers did not provide one.",
            "Kinora runs without it. A public link needs internet access; to share in your own network, use --host.",
            f"{type(error).__name__}: {error}",
        ) from error
