"""How good: metrics as pure array functions, protocols, pictures."""
