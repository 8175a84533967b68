"""Questions with known answers, to judge searching by: `make eval`. Not part of the service."""
