-- Run once, by the superuser, in an empty data folder: the two roles of Lakay, and MLflow's (docs/operate/records.md).
\getenv owner_password DATABASE_OWNER_PASSWORD
\getenv lakay_password DATABASE_PASSWORD
\getenv mlflow_password MLFLOW_DATABASE_PASSWORD

CREATE ROLE lakay_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE lakay LOGIN PASSWORD :'lakay_password';
CREATE DATABASE lakay OWNER lakay_owner;

CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password';
CREATE DATABASE mlflow OWNER mlflow;

-- Each role gets into its own database only.
REVOKE CONNECT ON DATABASE lakay, mlflow FROM PUBLIC;
GRANT CONNECT ON DATABASE lakay TO lakay;
