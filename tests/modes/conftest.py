"""Here, runs are ComfyUI's."""

import pytest

from jobs import CallerQueue, JobQueue


@pytest.fixture(scope="session")
def job_queue(comfy_job_queue: JobQueue) -> JobQueue:
    return comfy_job_queue


@pytest.fixture(scope="session")
def queue(comfy_job_queue: JobQueue) -> CallerQueue:
    return CallerQueue(comfy_job_queue)
