# The API, the worker and the command line in one image; what runs is the container's command.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/torg
WORKDIR /src
# The requirements first: they change seldom, and their layer is then kept.
COPY requirements/app.txt requirements/
RUN /opt/torg/bin/pip install --only-binary :all: --require-hashes -r requirements/app.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY search search
COPY migrations migrations
RUN /opt/torg/bin/pip install --no-deps .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin torg
COPY --from=build /opt/torg /opt/torg
ENV PATH=/opt/torg/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /tmp
EXPOSE 8000
# Alive, not ready: /readyz asks the database too, and a restart would not mend that.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
# The schema is brought up to date by a step of its own, `torg migrate`, before a new version serves.
# Access logs are off: addresses of requests hold what people search for.
CMD ["uvicorn", "app.main:create_app", "--factory", "--host", "0.0.0.0", "--port", "8000", \
     "--no-access-log", "--timeout-graceful-shutdown", "10"]
