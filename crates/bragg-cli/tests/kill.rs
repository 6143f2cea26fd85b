//! The program is ended at random moments of everything it does: nothing is left over, no good file is harmed, nothing hangs, and what can
//! go on ends where it would have ended.
#![cfg(unix)]

mod common;

use common::Workplace;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Kills, and the time after which no more are begun: on a machine with other work there may be fewer.
const KILLS: usize = 100;
const TIME: Duration = Duration::from_secs(100);
/// A signal that has no effect for so long is one that the program does not hear.
const PATIENCE: Duration = Duration::from_secs(60);

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/1a8o.pdb");

/// What the program does, long enough to be caught at it, and short enough to be done again.
struct Phase {
    name: &'static str,
    words: String,
    /// The files that it leaves.
    outputs: &'static [&'static str],
    /// The file from which it goes on.
    checkpoint: Option<&'static str>,
}

fn phase(name: &'static str, words: &str, outputs: &'static [&'static str]) -> Phase {
    Phase { name, words: words.replace('\n', " "), outputs, checkpoint: None }
}

/// Refined against an image of itself.
const FIT: &str = "\
[crystal]
cell = [42.06, 42, 88.88]
misset = [21, 34, 55.1]
n_cells = [6, 6, 3]
shape = \"gauss\"
mosaic.half_width = 0.3
mosaic.domains = 30
structure_factors.default = 100
[beam]
wavelength = 1.0
fluence = 2e28
[detector]
pixels = [100, 90]
pixel_size = 0.25
distance = 60
[sampling]
oversample = 1
[background]
offset = 0.5
";

fn phases() -> Vec<Phase> {
    let hidden = "-cell 40 50 60 80 95 100 -misset 10 20 30 -N 5 -lambda 1 -distance 60 -seed 1";
    vec![
        phase("F_calc", &format!("sf {MODEL} --dmin 1.4 --no-cache -o f.hkl -o f.mtz"), &["f.hkl", "f.mtz"]),
        phase("F_calc kept", &format!("sf {MODEL} --dmin 1.5 -o f.hkl"), &["f.hkl"]),
        phase("made-up F", "sf --wilson --cell 78 78 38 90 90 90 --space-group P43212 --dmin 1 -o f.bin", &["f.bin"]),
        phase(
            "tables",
            "simulate x.toml --set crystal.mosaic.domains=1000000 --set detector.pixels=[2,2] --set sampling.oversample=1 -o a.npy",
            &["a.npy"],
        ),
        phase("image", "simulate x.toml --set sampling.oversample=60 -o a.npy -o a.cbf", &["a.npy", "a.cbf"]),
        phase("one pixel", "simulate x.toml --set detector.pixels=[1,1] --set sampling.oversample=600 -o a.npy", &["a.npy"]),
        phase("noise", "noise large.npy --seed 3 -o a.npy -o a.img", &["a.npy", "a.img"]),
        phase("writing", "show large.npy --experiment large.toml -o a.cbf -o a.tif -o a.img -o a.png", &["a.cbf", "a.tif", "a.img", "a.png"]),
        phase("derivatives", "gradient x.toml --param cell,orientation,scale -o a.npy --set crystal.mosaic.domains=100", &["a.npy"]),
        phase(
            "orientations",
            "orient --cell 78 78 38 90 90 90 --random --seed 7 --count 300 --wavelength 1 -o A.mat",
            &["A_001.mat", "A_150.mat", "A_300.mat"],
        ),
        phase(
            "drop-in",
            &format!("nanobragg {hidden} -hkl list.hkl -detpixels 700 -pixel 0.1 -oversample 2"),
            &["floatimage.bin", "intimage.img", "image.pgm", "noiseimage.img", "Fdump.bin"],
        ),
        Phase {
            checkpoint: Some("state.json"),
            ..phase(
                "refinement",
                "refine fit.toml data.npy --free crystal.cell.a,crystal.cell.c,orientation,scale,background.offset --start ladder
                 --checkpoint state.json -o fit_refined.toml --residual left.npy",
                &["fit_refined.toml", "left.npy"],
            )
        },
    ]
}

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    let large = "crystal.mosaic.domains=1 detector.pixels=[1500,1500] detector.pixel_size=0.1 sampling.oversample=1";
    let sets: Vec<String> = large.split(' ').map(|set| format!("--set {set}")).collect();
    let text = String::from_utf8(
        workplace.bragg(&format!("simulate x.toml --print-experiment {}", sets.join(" "))).output().unwrap().stdout,
    );
    workplace.write("large.toml", text.unwrap());
    workplace.run("simulate large.toml -o large.npy");
    workplace.write("fit.toml", FIT);
    workplace.run("simulate fit.toml -o data.npy --set crystal.cell=[42,42,89] --set crystal.misset=[21,34,55] --set noise.seed=7");
    let list: String = (-9..=9)
        .flat_map(|h: i32| (-9..=9).flat_map(move |k: i32| (-9..=9).map(move |l: i32| (h, k, l))))
        .map(|(h, k, l)| format!("{h} {k} {l} {}\n", 50 + (h * h + 3 * k + 7 * l).rem_euclid(100)))
        .collect();
    workplace.write("list.hkl", list);
    workplace
}

/// Numbers by chance, the same in every run: Knuth's multiplier, the upper bits.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.0) * n as u128) >> 64) as usize
    }

    fn part(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }
}

fn start(workplace: &Workplace, words: &str) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin("bragg"))
        .args(words.split_whitespace())
        .env("BRAGG_CACHE", workplace.cache())
        .current_dir(workplace.folder())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn ended(child: &mut Child, what: &str) -> ExitStatus {
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if since.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{what}: no end within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn leftovers(workplace: &Workplace) -> Vec<String> {
    let folders = [workplace.folder(), workplace.cache()];
    let entries = folders.into_iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".partial")).collect()
}

type Contents = BTreeMap<&'static str, Vec<u8>>;

fn contents(workplace: &Workplace, phase: &Phase) -> Contents {
    phase.outputs.iter().filter_map(|name| Some((*name, std::fs::read(workplace.path(name)).ok()?))).collect()
}

fn remove(workplace: &Workplace, phase: &Phase) {
    for name in phase.outputs.iter().chain(&phase.checkpoint) {
        let _ = std::fs::remove_file(workplace.path(name));
    }
}

/// What a phase leaves when it is let be, and how long it takes.
fn whole(workplace: &Workplace, phase: &Phase) -> (Contents, Duration) {
    let since = Instant::now();
    let status = ended(&mut start(workplace, &phase.words), phase.name);
    assert!(status.success(), "{}: {status}", phase.name);
    let found = contents(workplace, phase);
    assert_eq!(found.len(), phase.outputs.len(), "{}", phase.name);
    (found, since.elapsed())
}

#[test]
fn a_program_that_is_ended_leaves_nothing_and_harms_nothing() {
    let workplace = workplace();
    let phases = phases();
    let since = Instant::now();
    let expected: Vec<(Contents, Duration)> = phases.iter().map(|phase| whole(&workplace, phase)).collect();
    let before: Vec<_> = workplace.files().into_iter().map(|(path, _)| path).collect();
    let mut chance = Chance(20_260_729);
    let mut caught = BTreeMap::new();
    for i in 0..KILLS {
        if since.elapsed() > TIME {
            break;
        }
        let (phase, (expected, length)) = (&phases[i % phases.len()], &expected[i % phases.len()]);
        let signal = ["INT", "TERM", "KILL"][(i / phases.len()) % 3];
        let what = format!("kill {i}: {} by {signal}", phase.name);
        remove(&workplace, phase);
        // some files are there already, and must stay as they are or be replaced as a whole
        let old: Vec<&str> = phase.outputs.iter().copied().filter(|_| chance.below(2) == 0).collect();
        old.iter().for_each(|name| workplace.write(name, "old"));
        let mut child = start(&workplace, &phase.words);
        std::thread::sleep(length.mul_f64(chance.part()));
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).stderr(Stdio::null()).status();
        let status = ended(&mut child, &what);
        sent.unwrap();
        let was_caught = match signal {
            "KILL" => status.signal() == Some(9),
            _ => status.code() == Some(130),
        };
        assert!(was_caught || status.success(), "{what}: {status}");
        *caught.entry(signal).or_insert(0) += usize::from(was_caught);

        let found = contents(&workplace, phase);
        for (name, content) in &found {
            let is_good = content == &expected[name] || (old.contains(name) && content == b"old");
            assert!(is_good, "{what}: {name} has {} bytes of no good", content.len());
        }
        assert!(old.iter().all(|name| found.contains_key(name)), "{what}: a file that was there is lost");
        if signal == "KILL" {
            // the next that writes there removes them
            workplace.run("orient --cell 40 --wavelength 1 -o z.mat --quiet");
            workplace.run(&format!("sf {MODEL} --dmin 8 -o z.hkl --quiet"));
            ["z.mat", "z.hkl"].iter().for_each(|name| std::fs::remove_file(workplace.path(name)).unwrap());
        }
        assert_eq!(leftovers(&workplace), [""; 0], "{what}");
        if let Some(checkpoint) = phase.checkpoint {
            let (again, _) = whole(&workplace, phase);
            assert!(again == *expected, "{what}: it went on from {checkpoint} and ended elsewhere");
        }
        remove(&workplace, phase);
    }
    // orientations that are written one by one are many more than are looked at
    let after: Vec<_> =
        workplace.files().into_iter().map(|(path, _)| path).filter(|path| !before.contains(path)).collect();
    assert!(after.is_empty(), "{after:?}");
    assert!(since.elapsed() > TIME || caught.values().all(|&n| n > KILLS / 10), "the program was too fast: {caught:?}");
}
