//! Which instructions the processor has, found out when the program runs.

use super::Prepared;
use super::tile::Tile;
use crate::scene::PanelTable;
use pulp::NullaryFnOnce;

/// A set of vector instructions that the kernel is compiled for.
#[derive(Debug, Clone, Copy)]
pub enum Level {
    /// Whatever every processor of the architecture has.
    Portable,
    /// AVX2 and FMA (x86-64-v3).
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    /// AVX-512 (x86-64-v4).
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    /// NEON.
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
}

impl Level {
    /// All levels that this processor has, the plain one first, the fastest last.
    pub fn available() -> Vec<Self> {
        let mut levels = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(pulp::x86::V3::try_new().map(Self::Avx2));
            levels.extend(pulp::x86::V4::try_new().map(Self::Avx512));
        }
        #[cfg(target_arch = "aarch64")]
        levels.extend(pulp::aarch64::Neon::try_new().map(Self::Neon));
        levels
    }

    /// The fastest level that this processor has.
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self::Portable)
    }

    /// Its name: `portable`, `avx2`, `avx512` or `neon`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => "neon",
        }
    }

    pub(super) fn render(self, prepared: &Prepared, panel: &PanelTable, tile: &mut Tile) {
        match self {
            Self::Portable => tile.render::<false>(prepared, panel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(simd) => simd.vectorize(Fused { prepared, panel, tile }),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(simd) => simd.vectorize(Fused { prepared, panel, tile }),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(simd) => simd.vectorize(Fused { prepared, panel, tile }),
        }
    }
}

/// The tile's sum, for compilation with a level's instructions.
struct Fused<'a> {
    prepared: &'a Prepared<'a>,
    panel: &'a PanelTable,
    tile: &'a mut Tile,
}

impl NullaryFnOnce for Fused<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.tile.render::<true>(self.prepared, self.panel);
    }
}
