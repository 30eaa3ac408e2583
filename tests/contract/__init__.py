"""What holds for every entity, position, door and language, found by walking what the app declares."""
