"""The queue as the caller of an event may see and use it."""

import gradio as gr

from jobs import Caller, CallerQueue, JobQueue
from web.rate_limit import client_of
from web.visitors import visitor_of


def queue_for(queue: JobQueue, request: gr.Request) -> CallerQueue:
    """The queue for whoever sent the request that an event's handler gets."""
    uploads = queue.settings.cache_dir
    if request.request is None:  # an event without a request sees no visitor's tasks
        return CallerQueue(queue, Caller("nobody" if queue.settings.visitors_apart else "", uploads=uploads))
    scope = request.request.scope
    return CallerQueue(queue, Caller(visitor_of(scope), client_of(scope), uploads))
