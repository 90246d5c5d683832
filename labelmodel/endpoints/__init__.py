"""Endpoints that answer as OpenAI's chat completions do, as a source of votes: keys, requests, prompts, and reading of answers.

No Django here: what is asked, with which keys, and through which Redis is passed in.
"""
