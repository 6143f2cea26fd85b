//! Which instructions the processor has, found out when the program runs.

use super::Prepared;
use super::tile::Tile;
use crate::scene::PanelTable;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
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
        let levels = [
            Some(Self::Portable),
            #[cfg(target_arch = "x86_64")]
            pulp::x86::V3::try_new().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            pulp::x86::V4::try_new().map(Self::Avx512),
            #[cfg(target_arch = "aarch64")]
            pulp::aarch64::Neon::try_new().map(Self::Neon),
        ];
        levels.into_iter().flatten().collect()
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

    /// Computes the photons of a tile.
    pub(super) fn render(self, prepared: &Prepared, panel: &PanelTable, tile: &mut Tile) {
        self.run(Render { prepared, panel, tile, level: self });
    }

    /// Sums over the orientations for a tile: a call of its own, so that the inner loops are compiled once a level.
    pub(super) fn sum_orientations(self, prepared: &Prepared, tile: &mut Tile) {
        self.run(SumOrientations { prepared, tile });
    }

    /// Does the work with this level's instructions.
    #[inline(always)]
    pub(in crate::kernel) fn run(self, work: impl Work) {
        match self {
            Self::Portable => work.run::<false>(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(simd) => simd.vectorize(Fused(work)),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(simd) => simd.vectorize(Fused(work)),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(simd) => simd.vectorize(Fused(work)),
        }
    }
}

/// Something to compile for every level.
pub(in crate::kernel) trait Work {
    fn run<const FMA: bool>(self);
}

struct Render<'a> {
    prepared: &'a Prepared<'a>,
    panel: &'a PanelTable,
    tile: &'a mut Tile,
    level: Level,
}

impl Work for Render<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        self.tile.render::<FMA>(self.prepared, self.panel, self.level);
    }
}

struct SumOrientations<'a> {
    prepared: &'a Prepared<'a>,
    tile: &'a mut Tile,
}

impl Work for SumOrientations<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        self.tile.sum_orientations::<FMA>(self.prepared);
    }
}

/// Work with fused multiplication and addition.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
struct Fused<W>(W);

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
impl<W: Work> NullaryFnOnce for Fused<W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.0.run::<true>();
    }
}
