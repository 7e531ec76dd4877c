"""A public link to this Kinora: a tunnel through Gradio's share servers."""

import secrets

from errors import KinoraError
from patches import patch


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
        return _open_tunnel(local, port)
    except Exception as error:  # the download, the program and the servers can raise anything
        raise PublicLinkError(
            "Kinora could not get a public link: Gradio's share servers did not provide one.",
            "Kinora runs without it. A public link needs internet access; to share in your own network, use --host.",
            f"{type(error).__name__}: {error}",
        ) from error


@patch(
    "gradio.networking:setup_tunnel",
    package="gradio",
    reason="A public link for a server that Gradio's own launch did not start.",
    until="Gradio documents how to share a server of one's own.",
)
def _open_tunnel(host: str, port: int) -> str:
    from gradio.networking import setup_tunnel

    return setup_tunnel(host, port, secrets.token_urlsafe(32), None, None)
