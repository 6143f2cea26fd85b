//! Atoms whose displacement a file does not say.

use bragg::structure::{Atom, Displacement};

/// The B (Å²) of atoms of macromolecules in a file that has none at all.
const USUAL_B: f64 = 20.0;

/// B of an isotropic displacement, or of the mean of an anisotropic one (Å²).
fn equivalent_b(displacement: &Displacement) -> f64 {
    (0..3).map(|i| displacement.b_matrix().0[i][i]).sum::<f64>() / 3.0
}

/// Gives the atoms whose displacement is not known the mean of the others'; where none is known, [`USUAL_B`] in a macromolecule, while those
/// of small molecules and minerals stay at rest. Says so, and also where all that is known is zero.
pub(super) fn complete(atoms: &mut [Atom], is_known: &[bool], is_macromolecule: bool, notes: &mut Vec<String>) {
    let known: Vec<f64> = atoms
        .iter()
        .zip(is_known)
        .filter(|(_, known)| **known)
        .map(|(atom, _)| equivalent_b(&atom.displacement))
        .collect();
    let (n_known, n) = (known.len(), atoms.len());
    if n == 0 {
        return;
    }
    if n_known > 0 && known.iter().all(|b| *b == 0.0) {
        notes.push(
            "every B is 0: the atoms scatter as if at rest, more at high resolution than any crystal does".to_owned(),
        );
    }
    if n_known == n {
        return;
    }
    let (b, why) = match (n_known, is_macromolecule) {
        (0, true) => (USUAL_B, "as is usual"),
        (0, false) => (0.0, "atoms at rest, which scatter more at high resolution than any crystal's do"),
        _ => (known.iter().sum::<f64>() / n_known as f64, "the mean of the others"),
    };
    for (atom, _) in atoms.iter_mut().zip(is_known).filter(|(_, known)| !**known) {
        atom.displacement = Displacement::Isotropic(b);
    }
    let which = if n_known == 0 {
        "its atoms have no B or U".to_owned()
    } else {
        format!("{} of {n} atoms have no B or U", n - n_known)
    };
    notes.push(format!("{which}: B = {b:.1} Å² is taken, {why}"));
}
