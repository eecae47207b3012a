def compare(c):
    raise NotImplementedError
