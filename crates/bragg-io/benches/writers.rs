//! Times the writers of image files: `cargo bench --package bragg --bench writers`.

use bragg::image::{Image, PanelImage, Recording};
use bragg_io::formats::metadata::Metadata;
use bragg_io::formats::{cbf, npy, smv};
use divan::Bencher;
use divan::counter::BytesCount;

const SIZE: usize = 1024;

fn main() {
    divan::main();
}

/// Counts as detectors have them: a weak background and a few strong pixels.
fn counts() -> PanelImage<i32> {
    let count = |i: usize| {
        let scrambled = (i as u32).wrapping_mul(2_654_435_761);
        if scrambled.is_multiple_of(199) { (scrambled >> 18) as i32 } else { (scrambled >> 28) as i32 }
    };
    PanelImage::new(SIZE, SIZE, (0..SIZE * SIZE).map(count).collect()).expect("as many pixels as the size says")
}

fn metadata() -> Metadata {
    Metadata::new(1.0, 100.0, (51.2, 51.2), 0.1)
}

#[divan::bench]
fn smv_16_bit(bencher: Bencher) {
    let panel = counts().map(|&count| count as u16);
    let header = smv::header((SIZE, SIZE), &metadata());
    bencher.counter(BytesCount::of_slice(panel.pixels())).bench(|| {
        let mut file = Vec::new();
        smv::write(&mut file, &header, &panel).map(|()| file)
    });
}

#[divan::bench]
fn cbf_byte_offset(bencher: Bencher) {
    let panel = counts();
    let metadata = metadata();
    bencher.counter(BytesCount::of_slice(panel.pixels())).bench(|| {
        let mut file = Vec::new();
        cbf::write(&mut file, &panel, &metadata, "bench").map(|()| file)
    });
}

#[divan::bench]
fn npy_floats(bencher: Bencher) {
    let panel = counts().map(|&count| count as f32);
    let n_bytes = BytesCount::of_slice(panel.pixels());
    let recording = Recording::Photons(Image { panels: vec![panel] });
    bencher.counter(n_bytes).bench(|| {
        let mut file = Vec::new();
        npy::write(&mut file, &recording).map(|()| file)
    });
}
