"""Access held against a second implementation of its rules, and against whoever removes one of its checks."""
