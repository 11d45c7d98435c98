"""The few names of Django that the helper uses, for machines without Django."""
