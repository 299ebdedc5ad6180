"""What this computer has, and files that are this user's alone. Nothing here has torch."""
