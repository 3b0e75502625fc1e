"""What the app is when it runs on a server: what it says to whom, what it writes, what its container holds."""
