//! Colour maps.

/// How intensity becomes colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorMap {
    /// Dark spots on white paper, as on film: the habit of the field.
    #[default]
    InvertedGrey,
    /// Bright spots on black.
    Grey,
    /// Matplotlib's viridis: dark violet over green to yellow, of even steps to the eye.
    Viridis,
    /// Matplotlib's inferno: black over red to pale yellow.
    Inferno,
    /// Matplotlib's magma: black over violet to pale pink.
    Magma,
    /// Night blue over ice blue to white.
    Ice,
    /// Blue over white to red, for values on both sides of a middle (ColorBrewer's RdBu).
    BlueRed,
}

/// Colour as red, green, blue.
pub(super) type Rgb = [u8; 3];

impl ColorMap {
    /// Every map and its name in settings.
    pub const ALL: [(&'static str, Self); 7] = [
        ("inverted-grey", Self::InvertedGrey),
        ("grey", Self::Grey),
        ("viridis", Self::Viridis),
        ("inferno", Self::Inferno),
        ("magma", Self::Magma),
        ("ice", Self::Ice),
        ("blue-red", Self::BlueRed),
    ];

    /// Whether its colours are greys.
    pub(super) fn is_grey(self) -> bool {
        matches!(self, Self::InvertedGrey | Self::Grey)
    }

    /// The colours of 256 levels, the weakest first.
    pub(super) fn table(self) -> [Rgb; 256] {
        let gradient = |gradient: colorous::Gradient| {
            std::array::from_fn(|level| {
                let color = gradient.eval_rational(level, 256);
                [color.r, color.g, color.b]
            })
        };
        match self {
            Self::InvertedGrey => std::array::from_fn(|level| [255 - level as u8; 3]),
            Self::Grey => std::array::from_fn(|level| [level as u8; 3]),
            Self::Viridis => gradient(colorous::VIRIDIS),
            Self::Inferno => gradient(colorous::INFERNO),
            Self::Magma => gradient(colorous::MAGMA),
            Self::Ice => std::array::from_fn(|level| ice(level as f64 / 255.0)),
            Self::BlueRed => {
                let mut table = gradient(colorous::RED_BLUE);
                table.reverse();
                table
            }
        }
    }

    /// The colour of pixels without a value.
    pub(super) fn void(self) -> Rgb {
        if matches!(self, Self::InvertedGrey | Self::BlueRed) { [200; 3] } else { [64; 3] }
    }

    /// The colour of lines and labels drawn over the image, and that of the halo that sets labels off.
    pub(super) fn ink_and_halo(self) -> (Rgb, Rgb) {
        match self {
            Self::InvertedGrey => ([28, 98, 171], [255, 255, 255]),
            Self::BlueRed => ([40, 40, 40], [255, 255, 255]),
            Self::Grey => ([120, 190, 255], [0, 0, 0]),
            _ => ([240, 244, 248], self.table()[0]),
        }
    }
}

/// Straight lines between colours whose lightness rises evenly.
fn ice(level: f64) -> Rgb {
    const STOPS: [[f64; 3]; 6] = [
        [6.0, 10.0, 28.0],
        [24.0, 42.0, 92.0],
        [38.0, 86.0, 150.0],
        [74.0, 142.0, 196.0],
        [150.0, 203.0, 228.0],
        [248.0, 254.0, 255.0],
    ];
    let place = level.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let below = (place as usize).min(STOPS.len() - 2);
    mix(STOPS[below].map(|c| c as u8), STOPS[below + 1].map(|c| c as u8), place - below as f64)
}

/// `part` of the second colour in the first.
pub(super) fn mix(under: Rgb, over: Rgb, part: f64) -> Rgb {
    let part = part.clamp(0.0, 1.0);
    std::array::from_fn(|i| (f64::from(under[i]) * (1.0 - part) + f64::from(over[i]) * part).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightness_goes_one_way_along_every_map_without_a_middle() {
        for (name, map) in ColorMap::ALL.into_iter().filter(|(_, map)| *map != ColorMap::BlueRed) {
            let lightness =
                map.table().map(|[r, g, b]| 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b));
            let sign = (lightness[255] - lightness[0]).signum();
            assert!(lightness.windows(2).all(|pair| sign * (pair[1] - pair[0]) > -1.0), "{name}");
            assert!((lightness[255] - lightness[0]).abs() > 150.0, "{name}");
            assert_eq!(sign < 0.0, map == ColorMap::InvertedGrey, "{name}");
        }
    }

    #[test]
    fn the_middle_of_blue_and_red_is_light() {
        let table = ColorMap::BlueRed.table();
        let [low, middle, high] = [0, 127, 255].map(|level| table[level]);
        assert!(
            low[2] > low[0] && high[0] > high[2] && middle.iter().all(|&part| part > 230),
            "{low:?} {middle:?} {high:?}"
        );
    }

    #[test]
    fn colors_mix() {
        assert_eq!(mix([0, 100, 255], [255, 100, 0], 0.0), [0, 100, 255]);
        assert_eq!(mix([0, 100, 255], [255, 100, 0], 1.0), [255, 100, 0]);
        assert_eq!(mix([0, 100, 200], [100, 200, 0], 0.5), [50, 150, 100]);
        assert_eq!(ice(0.0), [6, 10, 28]);
        assert_eq!(ice(1.0), [248, 254, 255]);
    }
}
