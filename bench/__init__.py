"""Measurements of Torg on this machine: `make bench`. Not part of the service."""
