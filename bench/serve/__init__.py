"""The server under load, beside what it could reach at best and beside MLServer."""
