//! Full disks, limits of the system, names that hold anything, settings beyond what can be computed: each ends in one line that helps, and
//! with nothing half done.

mod common;

use common::Workplace;

/// Refused in one line that has all the parts; nothing changes.
fn refused(workplace: &Workplace, words: &str, parts: &[&str]) {
    let before = workplace.files();
    let output = workplace.bragg(words).output().unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{words}: {messages}");
    assert!(parts.iter().all(|part| messages.contains(part)), "{words}: {messages} lacks one of {parts:?}");
    let errors = messages.lines().filter(|line| line.contains("error: ")).count();
    assert_eq!(errors, 1, "{words}: {messages}");
    assert!(workplace.files() == before, "{words}: files changed");
}

#[test]
fn a_setting_that_makes_pixels_no_numbers_is_named() {
    let workplace = Workplace::new();
    workplace.write("a.npy", "old");
    // without it, pixels around the beam are dark whatever the crystal
    const F000: &str = "--set crystal.structure_factors.include_f000=true";
    for (setting, value) in [
        ("detector.distance", "1e160"),
        ("detector.pixel_size", "1e200"),
        ("beam.fluence", "1e300"),
        ("crystal.scale", "1e200"),
        ("crystal.structure_factors.default", "1e200"),
        ("crystal.structure_factors.scale", "1e300"),
        ("background.offset", "-1e300"),
        ("background.water_volume", "1e300"),
        ("crystal.n_blocks", "1e300"),
    ] {
        let words = format!("simulate x.toml --set {setting}={value} --set sampling.oversample=1 {F000} -o a.npy");
        refused(&workplace, &words, &[&format!("{setting} (--set): is "), "2400 of 2400 pixels are no numbers"]);
    }
    let strong = "gradient x.toml --param crystal.cell.a --set crystal.structure_factors.default=1e200 -o d.npy";
    refused(&workplace, strong, &["crystal.structure_factors.default (--set): is ", "no numbers"]);
    let messages = workplace.run("gradient x.toml --param crystal.cell.a --set crystal.scale=1e100 -o d.npy");
    assert!(messages.contains("derivatives with respect to crystal.cell.a are no numbers"), "{messages}");
    refused(
        &workplace,
        "simulate x.toml --set detector.sensor.layers=20000 -o a.npy",
        &["detector.sensor.layers", "10000"],
    );
}

#[test]
fn the_drop_in_counts_pixels_that_are_no_numbers_and_ends() {
    let workplace = Workplace::new();
    let words = "nanobragg -cell 78 78 38 90 90 90 -default_F 100 -N 10 -lambda 1 -detpixels 20 -seed 1";
    for more in
        ["-distance 1e160", "-distance 100 -curved_det -pixel 50 -detector_abs .001 -detector_thick 500 -oversample 1"]
    {
        for noise in ["", "-nonoise"] {
            let messages = workplace.run(&format!("{words} {more} {noise}"));
            assert!(messages.contains("of 400 pixels are no numbers"), "{more}: {messages}");
        }
        let pixels = workplace.read("floatimage.bin");
        assert!(pixels.as_chunks::<4>().0.iter().any(|&bytes| !f32::from_le_bytes(bytes).is_finite()));
    }
    assert!(!workplace.run(&format!("{words} -distance 100")).contains("no numbers"));
}

#[test]
fn an_output_is_the_same_however_it_is_spelt() {
    let workplace = Workplace::new();
    workplace.run("simulate x.toml -o in.npy");
    workplace.write("there.npy", "old");
    for words in ["-o new.cbf -o ./new.cbf", "-o new.cbf -o ../FOLDER/new.cbf", "-o there.npy -o ./there.npy"] {
        let folder = workplace.folder().file_name().unwrap().to_str().unwrap();
        let words = words.replace("FOLDER", folder);
        refused(&workplace, &format!("simulate x.toml {words}"), &["is to be written twice", ", as "]);
        refused(&workplace, &format!("noise in.npy {words}"), &["is to be written twice"]);
    }
    refused(&workplace, "noise in.npy -o ./in.npy", &["would overwrite the input in.npy"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("there.npy", workplace.path("link.npy")).unwrap();
        std::fs::hard_link(workplace.path("there.npy"), workplace.path("hard.npy")).unwrap();
        std::fs::hard_link(workplace.path("in.npy"), workplace.path("hard_in.npy")).unwrap();
        for other in ["link.npy", "hard.npy"] {
            refused(&workplace, &format!("simulate x.toml -o there.npy -o {other}"), &["is to be written twice"]);
        }
        refused(&workplace, "noise in.npy -o hard_in.npy", &["would overwrite the input"]);
    }
    // several may write to what is no file, and to names that are not the same
    workplace.run("noise in.npy -o a.npy -o b.npy");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/dev/null", workplace.path("null.npy")).unwrap();
        workplace.run("noise in.npy -o null.npy -o ./null.npy");
        std::os::unix::fs::symlink("new.npy", workplace.path("dangling.npy")).unwrap();
        let output = workplace.bragg("simulate x.toml -o dangling.npy -o new.npy").output().unwrap();
        assert!(String::from_utf8_lossy(&output.stderr).contains("is to be written twice"), "{output:?}");
        assert!(!workplace.path("new.npy").exists());
    }
}

#[test]
fn a_list_of_reflections_is_not_lost_to_its_own_cache() {
    let workplace = Workplace::new();
    let list = "0 0 1 100\n1 2 3 50\n";
    workplace.write("Fdump.bin", list);
    let words = "nanobragg -cell 50 60 70 90 90 90 -N 5 -lambda 1 -distance 50 -detpixels 20 -hkl";
    let messages = workplace.run(&format!("{words} Fdump.bin"));
    assert!(messages.contains("warning") && messages.contains("Fdump.bin"), "{messages}");
    assert_eq!(workplace.read("Fdump.bin"), list.as_bytes());
    workplace.write("list.hkl", list);
    assert!(!workplace.run(&format!("{words} list.hkl")).contains("warning"));
    assert_ne!(workplace.read("Fdump.bin"), list.as_bytes());
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::process::{Command, Output, Stdio};
    use std::time::Duration;

    /// Runs a line of the shell in which `$BRAGG` is the program.
    fn shell(workplace: &Workplace, line: &str) -> Output {
        command(workplace, line).output().unwrap()
    }

    fn command(workplace: &Workplace, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("BRAGG", assert_cmd::cargo::cargo_bin("bragg"));
        command.env("BRAGG_CACHE", workplace.cache()).current_dir(workplace.folder());
        command
    }

    fn fails(workplace: &Workplace, line: &str, part: &str) {
        let before = workplace.files();
        let output = shell(workplace, line);
        let messages = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {messages}");
        assert!(messages.contains(part) && !messages.contains(".partial"), "{line}: {messages}");
        assert!(workplace.files() == before, "{line}: files changed");
    }

    #[test]
    fn what_the_system_refuses_is_told_by_the_users_name_of_it() {
        let workplace = Workplace::new();
        workplace.write("a.npy", "old");
        let large = "simulate x.toml --set detector.pixels=[700,700] --set sampling.oversample=1";
        // blocks of 512 bytes
        fails(&workplace, &format!("ulimit -f 100; $BRAGG {large} -o a.npy"), "cannot write a.npy: File too large");
        fails(
            &workplace,
            &format!("ulimit -f 100; $BRAGG {large} -o a.npy -o b.cbf"),
            "cannot write a.npy: File too large",
        );
        fails(&workplace, "$BRAGG simulate x.toml -o none/a.npy", "its folder does not exist");
        fails(&workplace, "$BRAGG simulate x.toml -o a.npy/b.npy", "cannot write a.npy/b.npy: Not a directory");
        let name = "x".repeat(300);
        fails(&workplace, &format!("$BRAGG simulate x.toml -o {name}.npy"), "File name too long");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_device_is_told() {
        let workplace = Workplace::new();
        std::os::unix::fs::symlink("/dev/full", workplace.path("full.npy")).unwrap();
        for line in ["simulate x.toml -o full.npy", "simulate x.toml -o b.npy -o full.npy"] {
            let output = shell(&workplace, &format!("$BRAGG {line}"));
            let messages = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{messages}");
            assert!(messages.contains("cannot write full.npy: No space left"), "{messages}");
        }
    }

    #[test]
    fn many_files_need_few_open_ones() {
        let workplace = Workplace::new();
        let words = "orient --cell 78 78 38 90 90 90 --random --count 300 --wavelength 1 -o A.mat";
        let output = shell(&workplace, &format!("ulimit -n 40; $BRAGG {words}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!((1..=300).all(|i| workplace.path(&format!("A_{i:03}.mat")).exists()));
        // to several at the same time, too
        let outputs: String = (0..60).map(|i| format!(" -o {i}.hkl")).collect();
        let line =
            format!("ulimit -n 40; $BRAGG sf --wilson --cell 30 30 30 90 90 90 --space-group P1 --dmin 3{outputs}");
        let output = shell(&workplace, &line);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(workplace.read("0.hkl"), workplace.read("59.hkl"));
        let before = workplace.files();
        let output = shell(&workplace, "ulimit -n 3; $BRAGG simulate x.toml -o a.npy");
        assert!(!output.status.success());
        assert!(workplace.files() == before);
    }

    #[test]
    fn names_with_control_characters_do_not_reach_the_terminal() {
        let workplace = Workplace::new();
        let name = "a\x1b[31m\u{202e}\tb";
        let drop_in =
            "nanobragg -cell 50 60 70 90 90 90 -default_F 1 -N 5 -lambda 1 -distance 50 -detpixels 20 -floatfile";
        for (words, ending) in [
            ("simulate x.toml -o", ".npy"),
            ("simulate x.toml -o", ".none"),
            ("show", ".npy"),
            ("sf", ".hkl"),
            ("simulate", ".toml"),
            (drop_in, ".bin"),
            ("orient --cell 40 --wavelength 1 -o", ".mat"),
            ("nonsense", ""),
        ] {
            let mut command = Command::new(assert_cmd::cargo::cargo_bin("bragg"));
            command.args(words.split(' ')).arg(format!("{name}{ending}")).current_dir(workplace.folder());
            let output = command.output().unwrap();
            for text in [output.stdout, output.stderr] {
                let text = String::from_utf8(text).unwrap();
                let is_obeyed = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
                assert!(!text.contains(is_obeyed), "{words}: {text:?}");
            }
        }
        assert!(workplace.path(&format!("{name}.npy")).exists());
    }

    /// Starts it, waits for it to be at work, sends a signal.
    fn interrupted(workplace: &Workplace, line: &str, signals: &[&str]) -> Output {
        // the shell becomes the program
        let mut command = command(workplace, line);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        for signal in signals {
            std::thread::sleep(Duration::from_millis(400));
            let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
            assert!(status.success(), "{line}: it ended by itself");
        }
        child.wait_with_output().unwrap()
    }

    #[test]
    fn signals_are_heard_wherever_the_program_is() {
        common::hear_hangups();
        let workplace = Workplace::new();
        let before = workplace.files();
        let pipes = "mkfifo in.npy out.npy 2>/dev/null;";
        let day = "simulate x.toml --set detector.pixels=[6,6] --set sampling.oversample=10000 -o a.npy";
        for (line, signal) in [
            (format!("exec $BRAGG {day}"), "INT"),
            (format!("exec $BRAGG {day}"), "HUP"),
            (format!("exec $BRAGG {day}"), "QUIT"),
            (format!("exec $BRAGG {day}"), "USR1"),
            (format!("BRAGG_CPU=reference exec $BRAGG {day}"), "TERM"),
            // a shell starts what it puts in the background with the signal ignored
            (format!("trap '' INT; exec $BRAGG {day}"), "INT"),
            // nobody listens while a pipe is opened
            (format!("{pipes} exec $BRAGG simulate x.toml -o out.npy"), "INT"),
            (format!("{pipes} exec $BRAGG show in.npy -o a.png"), "TERM"),
        ] {
            let output = interrupted(&workplace, &line, &[signal]);
            let messages = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(130), "{line}: {messages}");
            assert!(messages.ends_with("bragg: error: interrupted; no file was written\n"), "{line}: {messages}");
            for pipe in ["in.npy", "out.npy"] {
                let _ = std::fs::remove_file(workplace.path(pipe));
            }
            assert!(workplace.files() == before, "{line}");
        }
        // at once by the second signal
        let output =
            interrupted(&workplace, &format!("{pipes} exec $BRAGG simulate x.toml -o out.npy"), &["INT", "INT"]);
        assert_eq!(output.status.code(), Some(130));
    }

    #[test]
    fn a_terminal_that_is_closed_does_not_end_what_nohup_started() {
        let workplace = Workplace::new();
        let work = "simulate x.toml --set sampling.oversample=150 -o a.npy";
        let output = interrupted(&workplace, &format!("trap '' HUP; exec $BRAGG {work}"), &["HUP"]);
        if cfg!(target_os = "linux") {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(workplace.path("a.npy").exists());
        }
    }
}
