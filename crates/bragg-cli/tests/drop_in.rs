//! The drop-in as its users meet it: files, statistics, notices, exit statuses and refusals.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

const CRYSTAL: &str = "-cell 100 100 100 90 90 90 -N 5";
const SMALL: &str = "-default_F 100 -lambda 1 -distance 100 -detpixels 32 -oversample 2 -seed 1";

/// An empty folder to run in.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(name), content).unwrap();
        self
    }

    fn run(&self, args: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bragg"));
        command.arg("nanobragg").args(args.split_whitespace()).current_dir(self.0.path()).output().unwrap()
    }

    /// Runs what must succeed.
    fn succeed(&self, args: &str) -> Output {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{args}: {}", stderr(&output));
        output
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_run_writes_four_files_and_the_lines_that_scripts_read() {
    let folder = Folder::new();
    let output = folder.succeed(&format!("{CRYSTAL} {SMALL}"));
    assert_eq!(folder.names(), ["floatimage.bin", "image.pgm", "intimage.img", "noiseimage.img"]);
    assert_eq!(folder.read("floatimage.bin").len(), 32 * 32 * 4);
    let said = stdout(&output);
    let line = |start: &str| said.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{said}"));
    let words: Vec<&str> = line("max_I = ").split_whitespace().collect();
    assert_eq!((words[0], words[1], words[3]), ("max_I", "=", "at"));
    let max: f32 = words[2].parse().unwrap();
    let brightest = folder
        .read("floatimage.bin")
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .fold(0.0, f32::max);
    assert!((max / brightest - 1.0).abs() < 1e-5);
    let words: Vec<&str> = line("mean= ").split_whitespace().collect();
    assert_eq!((words[2], words[4]), ("rms=", "rmsd="));
    assert!([1, 3, 5].iter().all(|&i| words[i].parse::<f64>().unwrap() > 0.0));
}

/// Pixel 20 10 of 32 × 32 lies 4 and −6 pixels of 0.1 mm from the middle one; MOSFLM's beam centre is half a pixel beside it.
#[test]
fn a_pixel_can_be_looked_at() {
    let said = stdout(&Folder::new().succeed(&format!("{CRYSTAL} {SMALL} -printout_pixel 20 10")));
    let lines: Vec<&str> = said.lines().skip_while(|line| !line.starts_with("fast slow")).collect();
    assert_eq!(lines.len(), 2, "{said}");
    let numbers: Vec<f64> = lines[1].split(' ').map(|word| word.parse().unwrap()).collect();
    assert_eq!(numbers[..3], [20.0, 10.0, 0.1]);
    let radius = numbers[3].hypot(numbers[4]);
    let two_theta = (radius / 0.1).atan();
    assert!((numbers[5].to_radians() / two_theta - 1.0).abs() < 1e-4);
    assert!((numbers[6] * 2.0 * (two_theta / 2.0).sin() - 1.0).abs() < 1e-4);
    assert!((radius / 0.1e-3 - 4.0f64.hypot(6.0)).abs() < 2.0);
    let all = stdout(&Folder::new().succeed(&format!("{CRYSTAL} {SMALL} -printout -roi 3 7 4 5")));
    assert_eq!(all.lines().skip_while(|line| !line.starts_with("fast slow")).count(), 1 + 5 * 2);
}

#[test]
fn noise_and_picture_can_be_left_out() {
    let folder = Folder::new();
    folder.succeed(&format!("{CRYSTAL} {SMALL} -nonoise -nopgm -floatfile a.bin -intfile b.img"));
    assert_eq!(folder.names(), ["a.bin", "b.img"]);
}

#[test]
fn called_by_the_name_of_the_original_it_is_the_original() {
    let folder = Folder::new();
    let link = folder.path("nanoBragg");
    // A copy could not be started while another test's new process still holds it open.
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bragg"), &link).unwrap();
    let args = format!("{CRYSTAL} {SMALL} -floatfile a.bin");
    let output = Command::new(&link).args(args.split_whitespace()).current_dir(folder.0.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    folder.succeed(&format!("{CRYSTAL} {SMALL} -floatfile b.bin"));
    assert_eq!(folder.read("a.bin"), folder.read("b.bin"));
}

#[test]
fn nothing_to_do_is_status_nine() {
    for args in ["", "-N 5", CRYSTAL, "-default_F 100 -lambda 1"] {
        let folder = Folder::new();
        let output = folder.run(args);
        assert_eq!(output.status.code(), Some(9), "{args}");
        assert!(stderr(&output).contains("nothing to do"), "{}", stderr(&output));
        assert!(folder.names().is_empty());
    }
}

#[test]
fn the_cache_stands_in_for_the_reflections() {
    let hkl = "0 0 0 10\n1 0 0 20\n0 1 0 30\n0 0 1 40\n-1 -1 -1 50\n1 1 1 60\n";
    let folder = Folder::new().with("a.hkl", hkl);
    let geometry = "-lambda 6 -distance 100 -detpixels 32 -oversample 1 -nointerpolate -seed 1";
    folder.succeed(&format!("{CRYSTAL} {geometry} -hkl a.hkl -default_F 7 -floatfile a.bin"));
    let dump = folder.read("Fdump.bin");
    let head = b"-1 1 -1 1 -1 1\n\x0c";
    assert!(dump.starts_with(head), "{:?}", String::from_utf8_lossy(&dump[..20]));
    assert_eq!(dump.len(), head.len() + 4 * 4 * 4 * 8);
    let said = stderr(&folder.succeed(&format!("{CRYSTAL} {geometry} -floatfile b.bin -default_F 7")));
    assert!(said.contains("the structure factors are those of Fdump.bin"), "{said}");
    assert_eq!(folder.read("a.bin"), folder.read("b.bin"));
    folder.succeed(&format!("{CRYSTAL} {geometry} -hkl a.hkl -dump other.bin"));
    assert_eq!(folder.read("other.bin").len(), dump.len());
}

#[test]
fn the_printed_experiment_makes_the_same_image() {
    for extra in [
        "",
        "-mosaic 0.5 -mosaic_dom 4 -osc 1 -phisteps 3 -hdivrange 3 -hdivsteps 3 -dispersion 1 -dispsteps 2",
        "-xds -detector_rotx 3 -twotheta 8 -polar 0.9 -detector_abs 300 -detector_thick 450 -thicksteps 3",
        "-curved_det -round_xtal -fudge 1.1 -water 10 -roi 3 20 4 25 -misset random -misset_seed 5",
        "-twotheta_axis 0 2 0 -twotheta 5 -roi 3 -1 2 9 -nopolar -oversample_polar",
        "-beam_vector 0 0 1 -fdet_vector 1 0 0 -sdet_vector 0 1 0 -odet_vector 0 0 1 -hdivrange 6 -hdivstep 4 -hdivsteps 3",
        "-osc 0 -water 10 -default_F -100",
        "-osc 5 -phisteps 3 -phistep 0 -roi 5 2 0 3 -fluence 0",
        "-tophat_spots -fudge 0.01",
        "-gauss_xtal -fudge 0.01 -cell 70 80 90 75 85 95",
        "-gauss_xtal -cell 70 80 90 75 85 95 -physics correct -nopolar -point_pixel -dmin 2 -precision fast -culling 1e-4",
    ] {
        let folder = Folder::new();
        let args = format!("{CRYSTAL} {SMALL} {extra}");
        folder.succeed(&format!("{args} -floatfile a.bin"));
        let printed = folder.succeed(&format!("{args} -print_experiment"));
        let folder = folder.with("printed.toml", &printed.stdout);
        let mut command = Command::new(env!("CARGO_BIN_EXE_bragg"));
        command.args(["simulate", "printed.toml", "-o", "b.bin"]).current_dir(folder.0.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(folder.read("a.bin") == folder.read("b.bin"), "{extra}: the images differ");
    }
}

#[test]
fn quirks_that_change_the_image_are_announced_with_their_remedy() {
    let layers = "-detector_abs 300 -detector_thick 450 -detector_thicksteps 3";
    for (args, said) in [
        ("-oversample_omega", "-oversample_omega multiplies the running sum"),
        (layers, "sensor layers share the last one's capture fraction"),
        (layers, "together more than the sensor"),
        ("-detector_abs 300 -detector_thick 450 -thicksteps 1", "sampled at their front"),
        ("-gauss_xtal", "spots of -gauss_xtal are 1/(Na·Nb·Nc) wide in 1/Å whatever the cell"),
        ("-binary_spots", "spots of -tophat_spots are 1/(Na·Nb·Nc) wide in 1/Å whatever the cell"),
        ("-round_xtal", "the spots of -round_xtal end between two reflections"),
        ("-water 20", "multiplied by r_e²·fluence twice"),
        ("-misset random", "not a uniform orientation"),
        ("-mosaic 1 -osc 1 -phisteps 2", "domains stay in the laboratory"),
        ("-mosaic 1 -phi 10", "domains stay in the laboratory"),
        ("-pivot sample -twotheta 10", "-pivot sample gives way"),
        ("-pivot sample", "-pivot sample gives way"),
        ("-ORGX 10", "-ORGX has no effect"),
        ("-pix0_vector 0.1 0.005 -0.004", "-pix0_vector gives way"),
        ("-twotheta_axis 0 2 0 -twotheta 5", "the 2θ axis is used at its own length, 2,"),
        ("-nopolar -oversample_polar", "-oversample_polar computes the polarisation factor in spite of -nopolar"),
    ] {
        let quirky = stderr(&Folder::new().succeed(&format!("{CRYSTAL} {SMALL} {args}")));
        assert!(quirky.contains(said) && quirky.contains("-physics correct"), "{args}: {quirky}");
        let correct = stderr(&Folder::new().succeed(&format!("{CRYSTAL} {SMALL} {args} -physics correct")));
        assert!(!correct.contains(said), "{args}: {correct}");
        let quiet = stderr(&Folder::new().succeed(&format!("{CRYSTAL} {SMALL} {args} -quiet")));
        assert_eq!(quiet, "");
    }
    for plain in ["", "-mosaic 1", "-mosaic 1 -osc 1 -phisteps 2 -mosaic_frame crystal"] {
        assert_eq!(stderr(&Folder::new().succeed(&format!("{CRYSTAL} {SMALL} {plain}"))), "", "{plain}");
    }
}

#[test]
fn domains_stay_in_the_laboratory_unless_told_to_turn() {
    let image = |args: &str| {
        let folder = Folder::new();
        folder.succeed(&format!("{CRYSTAL} {SMALL} -mosaic 2 -osc 20 -phisteps 2 {args} -floatfile a.bin"));
        folder.read("a.bin")
    };
    // nothing else differs between the two physics here: one source, no sensor, sub-pixels alike
    let quirky = image("-oversample 1");
    assert_ne!(quirky, image("-oversample 1 -mosaic_frame crystal"));
    assert_eq!(quirky, image("-oversample 1 -mosaic_frame laboratory"));
    assert_eq!(quirky, image("-oversample 1 -physics correct -mosaic_frame laboratory"));
    assert_eq!(image("-oversample 1 -mosaic_frame crystal"), image("-oversample 1 -physics correct"));
}

#[test]
fn layers_are_sampled_at_their_front_unless_told_otherwise() {
    const SENSOR: &str = "-detector_thick 450 -detector_abs 300 -thicksteps 1";
    let run = |args: &str| {
        let folder = Folder::new();
        let output = folder.succeed(&format!("{CRYSTAL} {SMALL} {SENSOR} -oversample 1 {args} -floatfile a.bin"));
        (folder.read("a.bin"), stderr(&output).contains("sampled at their front"))
    };
    let (quirky, is_told) = run("");
    assert!(is_told);
    let (righted, is_told) = run("-layer_depth mean");
    assert!(!is_told);
    assert!(quirky != righted);
    assert!((quirky, true) == run("-layer_depth entrance"));
    let (correct, is_told) = run("-physics correct");
    assert!(!is_told);
    assert!((correct.clone(), false) == run("-physics correct -layer_depth mean"));
    assert!(correct != run("-physics correct -layer_depth entrance").0);
}

#[test]
fn a_mask_is_one_whatever_its_name_and_type() {
    let mut mask = b"{\nHEADER_BYTES=512;\nTYPE=mad;\nSIZE1=16;\nSIZE2=16;\nPIXEL_SIZE=0.1;\n}".to_vec();
    mask.resize(512, b' ');
    mask.extend((0..16 * 16).flat_map(|i: u16| (i % 2).to_le_bytes()));
    for name in ["mask", "mask.bin", "mask.npy", "mask.img"] {
        let folder = Folder::new().with(name, &mask);
        folder.succeed(&format!("{CRYSTAL} {SMALL} -detpixels 16 -mask {name} -floatfile a.bin"));
        let image = folder.read("a.bin");
        for (i, pixel) in image.chunks_exact(4).enumerate() {
            assert_eq!(pixel != [0; 4], i % 2 == 1, "{name}, pixel {i}");
        }
    }
}

#[test]
fn standard_output_that_is_full_is_an_error() {
    let folder = Folder::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bragg"));
    command.arg("nanobragg").args(format!("{CRYSTAL} {SMALL}").split_whitespace()).current_dir(folder.0.path());
    let output = command.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("standard output"), "{}", stderr(&output));
}

#[test]
fn what_is_done_with_a_source_file_is_said_and_can_be_chosen() {
    let sources = "# two sources\n-10 0 0 1 1e-10\n-10 0.1 0 0.2 1.1e-10 # the weaker\n";
    let folder = Folder::new().with("two.txt", sources);
    let args = format!("{CRYSTAL} {SMALL} -sourcefile two.txt");
    let said = stderr(&folder.succeed(&format!("{args} -floatfile ignore.bin")));
    assert!(said.contains("ignored (-source_weights apply|ignore)"), "{said}");
    assert!(said.contains("the file's are used (-source_wavelength file|lambda)"), "{said}");
    let said = stderr(&folder.succeed(&format!("{args} -source_weights apply -floatfile apply.bin")));
    assert!(said.contains("applied, scaled to a mean of 1"), "{said}");
    folder.succeed(&format!("{args} -source_wavelength lambda -floatfile lambda.bin"));
    let images = ["ignore.bin", "apply.bin", "lambda.bin"].map(|name| folder.read(name));
    assert!(images[0] != images[1] && images[0] != images[2]);
    // Without the comments, weights and wavelengths.
    let folder = folder.with("plain.txt", "-10 0 0\n-10 0.1 0\n");
    folder.succeed(&format!("{CRYSTAL} {SMALL} -sourcefile plain.txt -floatfile plain.bin"));
    assert_eq!(folder.read("plain.bin"), images[2]);
}

/// Arguments that are refused, and the culprit that the message names.
const REFUSED: &[(&str, &str)] = &[
    ("-lambda", "-lambda"),
    ("-lambda one", "-lambda"),
    ("-lambda 0", "-lambda"),
    ("-lambda -1", "-lambda"),
    ("-lambda nan", "-lambda"),
    ("-energy 0", "-energy"),
    ("-distanse 100", "-distance"),
    ("-mosiac 1", "-mosaic"),
    ("surprise", "surprise"),
    ("-cell 100 100 100 10 10 90", "-cell"),
    ("-cell 0 100 100", "-cell"),
    ("-cell 100 100 100 90 90 180", "-cell"),
    ("-pixel 0", "-pixel"),
    ("-pixel -0.1", "-pixel"),
    ("-detpixels 0", "-detpixels"),
    ("-detpixels -5", "-detpixels"),
    ("-detpixels 100000", "-detpixels"),
    ("-distance 0", "-distance"),
    ("-close_distance 0", "-close_distance"),
    ("-distance inf", "-distance"),
    ("-mosaic -1", "-mosaic"),
    ("-mosaic 1 -mosaic_dom 99999999999", "-mosaic_dom"),
    ("-dmin -1", "-dmin"),
    ("-fudge -1", "-fudge"),
    ("-polar 2", "-polar"),
    ("-fluence -1", "-fluence"),
    ("-flux 1e12 -beamsize 0", "-beamsize: 0 given; beside -flux it must be above 0"),
    ("-flux 1e12 -beamsize -0.1", "-beamsize: -0.1 given; beside -flux it must be above 0"),
    ("-oversample_thick", "-oversample_thick: makes nanoBragg's image black"),
    ("-oversample_thick -detector_thick 450 -detector_abs inf", "-oversample_thick: makes nanoBragg's image black"),
    (
        "-detector_abs inf -detector_thick 450",
        "-detector_abs: 0 or inf before -detector_thick makes nanoBragg's image black",
    ),
    ("-detector_abs 0 -detector_thick 450", "-detector_abs: 0 or inf before -detector_thick"),
    ("-twotheta_axis 0 0 0 -twotheta 5", "-twotheta_axis"),
    ("-samplesize -1", "-samplesize"),
    ("-roi 1 2 3", "-roi"),
    ("-osc 1 -phistep 1e-12", "-phistep"),
    ("-hdivrange 1 -hdivstep 1e-12", "-hdivrange"),
    ("-dispersion 300 -dispsteps 3", "-dispersion"),
    ("-fdet_vector 0 0 0", "-fdet_vector"),
    ("-fdet_vector 0 0 1 -sdet_vector 0 0 1 -odet_vector 2 0 0", "-sdet_vector"),
    ("-polar_vector 1 0 0 -beam_vector 1 0 0 -polar 0.5", "-polar_vector"),
    ("-polar_vector 1 0 0 -beam_vector 1 0 0 -polar 0.5 -nopolar -oversample_polar", "-polar_vector"),
    ("-detector_roty 90", "-detector_rotx"),
    ("-threads 0", "-threads"),
    ("-physics wrong", "-physics"),
    ("-precision half", "-precision"),
    ("-culling 0.5", "-culling: 0.5 given; it must be a fraction from 0 to 0.01"),
    ("-culling -1", "-culling: -1 given"),
    ("-culling nan", "-culling"),
    ("-pivot nowhere", "-pivot"),
    ("-mat absent.mat", "absent.mat"),
    ("-mat words.txt", "words.txt"),
    ("-mat flat.mat", "flat.mat"),
    ("-hkl absent.hkl", "absent.hkl"),
    ("-hkl words.txt", "words.txt:1"),
    ("-hkl empty.txt", "empty.txt"),
    ("-hkl .", "."),
    ("-sourcefile absent.txt", "absent.txt"),
    ("-sourcefile words.txt", "words.txt:1"),
    ("-sourcefile empty.txt", "empty.txt"),
    ("-sourcefile origin.txt", "origin.txt"),
    ("-mask absent.img", "absent.img"),
    ("-mask words.txt", "words.txt"),
    ("-mask small.img", "small.img"),
    ("-img cut.img", "cut.img"),
    ("-dump bad.dump", "bad.dump"),
    ("-dump cut.dump", "cut.dump"),
    ("-dump huge.dump", "huge.dump"),
    ("-floatfile no/such/folder.bin", "no/such/folder.bin"),
    ("-intfile .", "."),
    ("-noisefile /dev/full", "/dev/full"),
    ("-pgmfile /dev/full", "/dev/full"),
    ("-img /dev/zero", "/dev/zero"),
    ("-hkl one.hkl -floatfile one.hkl", "one.hkl"),
    ("-sourcefile one.src -intfile one.src", "one.src"),
    ("-floatfile a.bin -intfile a.bin", "a.bin"),
    ("-mosaic 1 -mosaic_dom 900000000", "-mosaic_dom"),
    ("-printout_pixel 100 100", "-printout_pixel"),
    ("-detector_abs -300", "-detector_abs"),
];

/// Every refusal is one line that names its culprit, status 2, and no file is written or changed.
#[test]
fn bad_input_is_refused_in_one_line() {
    let mut small_image = b"{\nHEADER_BYTES=512;\nSIZE1=2;\nSIZE2=2;\nBYTE_ORDER=little_endian;\n}".to_vec();
    small_image.resize(512 + 8, b' ');
    for (args, culprit) in REFUSED {
        let folder = Folder::new()
            .with("words.txt", "these are words\n")
            .with("empty.txt", "")
            .with("flat.mat", "1 0 0 0 1 0 0 0 0\n")
            .with("origin.txt", "0 0 0 1 1e-10\n")
            .with("small.img", &small_image)
            .with("cut.img", "{\nHEADER_BYTES=512;\nSIZE1=4;\n")
            .with("bad.dump", "this is no dump")
            .with("cut.dump", "0 1 0 1 0 1\n\x0c01234567")
            .with("huge.dump", "0 999999 0 999999 0 999999\n\x0c")
            .with("one.hkl", "0 0 0 1\n1 0 0 2\n")
            .with("one.src", "-10 0 0\n")
            .with("floatimage.bin", "kept");
        let before = folder.names();
        let output = folder.run(&format!("{CRYSTAL} {SMALL} {args}"));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args}: {said}");
        let errors: Vec<&str> = said.lines().filter(|line| !line.contains(": note: ")).collect();
        assert_eq!(errors.len(), 1, "{args}: {said}");
        assert!(errors[0].contains("error: ") && errors[0].contains(culprit), "{args}: {said}");
        assert_eq!(folder.names(), before, "{args}");
        assert_eq!(folder.read("floatimage.bin"), b"kept", "{args}");
    }
}

#[test]
fn the_help_and_the_version_go_to_standard_output() {
    for args in ["-h", "--help", "-version"] {
        let output = Folder::new().succeed(args);
        assert!(!output.stdout.is_empty() && output.stderr.is_empty());
    }
}
