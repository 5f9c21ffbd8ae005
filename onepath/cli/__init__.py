"""What ``python -m onepath`` runs."""
