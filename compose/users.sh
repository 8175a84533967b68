#!/bin/sh
# Run once by the postgres container when its volume is new: the users of the service and of the worker.
# The roles they are in have no rights yet; `torg migrate` gives them.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set service="$TORG_SERVICE_PASSWORD" --set worker="$TORG_WORKER_PASSWORD" <<'SQL'
CREATE ROLE torg_service NOLOGIN;
CREATE ROLE torg_worker NOLOGIN;
CREATE ROLE torg_app LOGIN PASSWORD :'service' IN ROLE torg_service;
CREATE ROLE torg_jobs LOGIN PASSWORD :'worker' IN ROLE torg_worker;
SQL
