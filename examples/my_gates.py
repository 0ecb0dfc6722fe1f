from qframe import Gate, GateSet


class SqrtX(GateSet):
    """Square root of X, and Z to the power 1/4: a gate set in ten lines."""

    name = "sqrt_x"

    def gates(self):
        r = 0.5**0.5
        return [
            Gate("sx", [[(1 + 1j) / 2, (1 - 1j) / 2], [(1 - 1j) / 2, (1 + 1j) / 2]]),
            Gate("t", [[1, 0], [0, r + r * 1j]]),
        ]
