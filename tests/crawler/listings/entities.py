"""XML entities that explode or read local files."""

BOMB = "<!DOCTYPE x [<!ENTITY a0 'aaaaaaaaaa'>{}]>".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
)


def external(path):
    return f"<!DOCTYPE x [<!ENTITY e SYSTEM '{path.as_uri()}'>]>"
