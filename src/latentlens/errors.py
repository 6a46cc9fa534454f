"""Every error that a user can meet. Its text is one sentence or two: what is wrong, where, and what to do."""


class LatentLensError(Exception):
    """The root: the command line prints its text and exits with 2, the API answers it as problem+json."""


class DataError(LatentLensError):
    """The ratings cannot be used as they are."""


class ConfigError(LatentLensError):
    """A setting is out of its range, or settings contradict each other."""


class TrainingDiverged(LatentLensError):
    """The factors grew without bound; nothing was kept."""


class UnknownId(LatentLensError):
    """No such user or movie in the model, where the request needs one."""


class TrackingError(LatentLensError):
    """MLflow cannot be reached, or its store cannot be used."""


class NoModel(LatentLensError):
    """Nothing is registered yet."""


class ModelRefused(LatentLensError):
    """A registered model is damaged, or of a format this version does not read."""


class LaunchError(LatentLensError):
    """A server could not be started, or died."""
