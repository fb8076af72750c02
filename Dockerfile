# The versions of requirements.lock are for this Python.
FROM python:3.11-slim

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml setup.cfg README.md LICENSE ./
COPY scheduler_api scheduler_api
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
    && useradd --system scheduler && install --directory --owner scheduler instance

USER scheduler
ENV SCHEDULER_HOST=0.0.0.0
EXPOSE 8000
CMD ["scheduler-api", "serve"]
