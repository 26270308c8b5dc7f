"""What an authenticator app is told, and what it says. Its libraries are loaded when needed: start-up counts."""


def new_secret() -> str:
    """160 random bits in base32, as apps take them."""
    import pyotp

    return pyotp.random_base32()


def address(secret: str, *, username: str) -> str:
    """What the QR code says: `otpauth://totp/…`."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Blastscreen")


def code_at(secret: str, *, counter: int) -> str:
    """The six digits of one time step."""
    import pyotp

    return pyotp.TOTP(secret).generate_otp(counter)


def qr_path(text: str) -> tuple[str, int]:
    """A QR code as the `d` of an SVG path of dark squares, and the length of its side, quiet border included."""
    import segno

    code = segno.make(text, micro=False)
    rows = list(code.matrix_iter(border=4))
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, square in enumerate(row) if square)
    return "".join(dark), len(rows)
