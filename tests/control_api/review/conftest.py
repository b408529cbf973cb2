from tests.fakes.story import story

__all__ = ["story"]
