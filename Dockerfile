# The versions of requirements.lock are for this Python.
FROM python:3.11-slim

# For `print`, and for text in pictures: the libraries of WeasyPrint, and a small font that has Chinese.
RUN apt-get update && apt-get install --yes --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-wqy-microhei \
    && rm -rf /var/lib/apt/lists/*

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
