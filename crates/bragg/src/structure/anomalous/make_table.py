"""Writes table.txt: f' and f'' of the elements from 1 to 100 keV.

    python make_table.py > table.txt       (needs numpy and xraylib 4: pip install numpy xraylib)

Source: the Evaluated Photon Data Library, 1997 version (D. E. Cullen, J. H. Hubbell & L. Kissel, UCRL-50400, vol. 6, rev. 5,
Lawrence Livermore National Laboratory; a work of the United States' government), as xraylib 4 gives it (T. Schoonjans et al.,
Spectrochimica Acta B66 (2011) 776-784; BSD licence): `Fi` for f', `CSb_Photo` for f'' by the optical theorem,
f'' = E sigma / (2 h c r_e).

The library's f' and f'' are smeared by about 1 % of the energy, edges too; its cross-sections are not. So within 4 % of an edge
f' is built anew: what the edge's shell adds, by the Kramers-Kronig relation from an f'' that jumps and falls as a power of the
energy, and a cubic in ln E for the rest, which is smooth and known on both sides. Farther from edges f' is xraylib's to the last
digit; f'' is within 0.4 % of it.

An edge where f'' rises by D makes f' fall as D/pi ln|E - E_edge|. The table has what is left of f' without
D/(2 pi) ln(x^2 / (x^2 + WIDTH^2)), x = ln(E / E_edge), for each of its edges. Of a dense grid as many points are kept as
interpolation needs (what is left of f' and ln f'' linear in ln E) to be within 0.4 % of f'' and within 0.4 % or 0.007 of f'.
"""

import numpy as np
import xraylib

FIRST, LAST = 1000.0, 100000.0
HC = 12.398419843320026
ELECTRON_RADIUS = 2.8179403205e-5
EDGE_ZONE, FLANK, BLEND = 0.04, 0.04, 0.01
NEAREST = 1.0
TOLERANCE, TOLERANCE_F1 = 0.004, 0.007
WIDTH = 0.02


def f2_sharp(z, ev):
    return ev / 1e3 * xraylib.CSb_Photo(z, ev / 1e3) * 1e-8 / (2 * HC * ELECTRON_RADIUS)


def edges(z):
    """The energies where the cross-section jumps by more than 1 %, within a millivolt (eV)."""
    found = []
    for shell in range(xraylib.K_SHELL, xraylib.P5_SHELL + 1):
        try:
            about = xraylib.EdgeEnergy(z, shell) * 1e3
        except ValueError:
            continue
        if not FIRST * 0.9 < about < LAST * 1.1:
            continue
        # the edges of the cross-sections are those of the library, which lie up to a percent off
        grid = about * (1 + np.linspace(-0.012, 0.012, 2401))
        values = np.array([f2_sharp(z, e) for e in grid])
        rise = np.diff(np.log(values))
        for i in np.flatnonzero(rise > 0.01):
            low, high = grid[i], grid[i + 1]
            while high - low > 1e-3:
                middle = (low + high) / 2
                below = f2_sharp(z, middle) - f2_sharp(z, low) < (f2_sharp(z, high) - f2_sharp(z, low)) / 2
                low, high = (middle, high) if below else (low, middle)
            if f2_sharp(z, high) > 1.01 * f2_sharp(z, low):
                found.append(round((low + high) / 2, 2))
    found.sort()
    return [e for i, e in enumerate(found) if i == 0 or e - found[i - 1] > 0.5]


def kramers_kronig(ev, points, values):
    """f'(E) = 2/pi P int E' f''(E') / (E^2 - E'^2) dE' of an f'' that is linear between points."""
    a, b = points[:-1], points[1:]
    slope = np.where(b > a, (values[1:] - values[:-1]) / np.where(b > a, b - a, 1), 0)
    start = values[:-1] - slope * a
    result = np.empty(len(ev))
    for i, e in enumerate(ev):
        total = 0.0
        for sign in (1, -1):
            near, far = np.abs(a - sign * e), np.abs(b - sign * e)
            logs = np.where(b > a, np.log(np.maximum(far, 1e-9) / np.maximum(near, 1e-9)), 0)
            total += (slope * (b - a) + (start + slope * sign * e) * logs).sum()
        result[i] = -total / np.pi
    return result


def groups(at):
    """Edges whose zones meet, together."""
    result = []
    for e in at:
        if result and e * (1 - EDGE_ZONE) < result[-1][-1] * (1 + EDGE_ZONE):
            result[-1].append(e)
        else:
            result.append([e])
    return result


def shell(z, at, edge):
    """The f'' that begins at an edge: its rise, and the power of the energy by which it falls."""
    above, below = edge + 1e-2, edge - 1e-2
    last = min([e - 1 for e in at if e > edge] + [edge * 1.03])
    first = max([e + 1 for e in at if e < edge] + [edge * 0.97])
    high, low = f2_sharp(z, above), f2_sharp(z, below)
    fall_high = -np.log(f2_sharp(z, last) / high) / np.log(last / above) * high
    fall_low = -np.log(low / f2_sharp(z, first)) / np.log(below / first) * low
    return high - low, np.clip((fall_high - fall_low) / (high - low), 1, 4)


def rebuild(z, at, group, ev, f1):
    """f' within the zone of a group of edges."""

    def edges_part(energies):
        total = np.zeros(len(energies))
        for edge in group:
            rise, power = shell(z, at, edge)
            points = edge * np.concatenate([[1 - 1e-9], 1 + np.geomspace(1e-9, 40, 1500)])
            total += kramers_kronig(energies, points, np.where(points < edge, 0, rise * (points / edge) ** -power))
        return total

    first, last = group[0] * (1 - EDGE_ZONE), group[-1] * (1 + EDGE_ZONE)
    flanks = np.concatenate([first * np.linspace(1 - FLANK, 1, 30), last * np.linspace(1, 1 + FLANK, 30)])
    others = [e for e in at if e not in group]
    flanks = flanks[[all(abs(e / other - 1) > EDGE_ZONE for other in others) for e in flanks]]
    rest = np.array([xraylib.Fi(z, e / 1e3) for e in flanks]) - edges_part(flanks)
    middle = np.log(first * last) / 2
    cubic = np.polyfit(np.log(flanks) - middle, rest, 3 if flanks.min() < first and flanks.max() > last else 1)
    inside = np.flatnonzero((ev > first) & (ev < last))
    built = edges_part(ev[inside]) + np.polyval(cubic, np.log(ev[inside]) - middle)
    depth = np.minimum(ev[inside] / first - 1, 1 - ev[inside] / last)
    weight = np.clip(depth / BLEND, 0, 1)
    f1[inside] = weight * built + (1 - weight) * f1[inside]


def element(z):
    """Sharp f', the same without its edges, and f'', on a dense grid; an edge has two points."""
    at = edges(z)
    zones = np.linspace(1 - EDGE_ZONE, 1 + EDGE_ZONE, 401)
    near = NEAREST * np.geomspace(1, 400, 60)
    ev = np.concatenate([np.geomspace(FIRST, LAST, 1500)] + [e * zones for e in at] + [e + s * near for e in at for s in (-1, 1)])
    ev = ev[(ev >= FIRST) & (ev <= LAST)]
    ev = ev[[all(abs(e - edge) >= NEAREST * 0.999 for edge in at) for e in ev]]
    inside = [e for e in at if FIRST < e < LAST]
    ev = np.unique(np.concatenate([ev] + [[e - 1e-2, e + 1e-2] for e in inside]))
    f2 = np.array([f2_sharp(z, e) for e in ev])
    f1 = np.array([xraylib.Fi(z, e / 1e3) for e in ev])
    for group in groups(at):
        rebuild(z, at, group, ev, f1)
    left = f1.copy()
    for e in inside:
        rise = f2_sharp(z, e + 1e-2) - f2_sharp(z, e - 1e-2)
        x2 = np.maximum(np.log(ev / e) ** 2, (NEAREST / e) ** 2)
        left -= rise / (2 * np.pi) * np.log(x2 / (x2 + WIDTH**2))
    for e in inside:
        (at_edge,) = np.nonzero(np.abs(ev - e) < 0.5)
        left[at_edge] = (left[at_edge[0] - 1] + left[at_edge[-1] + 1]) / 2
        f1[at_edge] = f1[at_edge[0] - 1]
        ev[at_edge] = e
    return ev, f1, left, f2


def kept(ev, f1, left, f2):
    """The points that interpolation needs (Douglas & Peucker's choice), between one edge and the next."""
    x, y = np.log(ev), np.log(np.maximum(f2, 1e-12))
    keep = np.zeros(len(ev), bool)
    breaks = [0] + [i + 1 for i in np.flatnonzero(np.diff(ev) == 0)] + [len(ev)]
    stack = [(i, j - 1) for i, j in zip(breaks[:-1], breaks[1:])]
    for i, j in stack:
        keep[[i, j]] = True
    while stack:
        i, j = stack.pop()
        if j - i < 2:
            continue
        part = (x[i : j + 1] - x[i]) / (x[j] - x[i])
        off1 = np.abs(left[i] + part * (left[j] - left[i]) - left[i : j + 1])
        off2 = np.abs(np.expm1(y[i] + part * (y[j] - y[i]) - y[i : j + 1]))
        off = np.maximum(off1 / np.maximum(TOLERANCE_F1, TOLERANCE * np.abs(f1[i : j + 1])), off2 / TOLERANCE)
        worst = int(np.argmax(off))
        if off[worst] > 1 and 0 < worst < j - i:
            keep[i + worst] = True
            stack += [(i, i + worst), (i + worst, j)]
    return keep


def number(value, digits):
    text = np.format_float_scientific(value, digits - 1, trim="-", exp_digits=1) if 0 < abs(value) < 1e-3 else f"{value:.{digits}g}"
    text = text if "e" in text and abs(value) < 1e-3 else f"{float(text):.10g}"
    return text if "." in text or "e" in text else text + "."


def main(elements=range(1, 99)):
    print("# f' without its edges and f'' of the elements: energy (eV), f', f'' (electrons). Written by make_table.py, which names the source.")
    print("# The points of H, He, ... Cf by energy; an edge has two, with f'' below and above it.")
    for z in elements:
        ev, f1, left, f2 = element(z)
        keep = kept(ev, f1, left, f2)
        print(xraylib.AtomicNumberToSymbol(z))
        for e, a, b in zip(ev[keep], left[keep], f2[keep]):
            print(number(e, 6), number(a, 4), number(b, 4))


if __name__ == "__main__":
    main()
