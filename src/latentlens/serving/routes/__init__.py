"""The routes, by subject. All are `async def`: none takes longer than a few milliseconds."""
