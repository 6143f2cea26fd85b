//! What a file of reflections lists, and its way to P1.

use bragg::error::{Error, Result};
use bragg::reflections::{Observation, PointGroup, ReciprocalMetric, Reflections, merge};
use bragg::symmetry::{Operator, SpaceGroup, expand_to_p1, is_absent};
use std::path::PathBuf;

/// Observations as a file lists them, with what it says of the crystal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct List {
    /// The observations in the order of the file.
    pub observations: Vec<Observation>,
    /// Whether they are intensities; else amplitudes.
    pub are_intensities: bool,
    /// Unit cell a, b, c (Å), α, β, γ (deg), where the file has one.
    pub cell: Option<[f64; 6]>,
    /// The operators that the file gives; empty where it gives none.
    pub symmetry: Vec<Operator>,
    /// Whether these are the operators of the space group; else of its point group alone.
    pub has_space_group: bool,
    /// What the reader took the symmetry for where the file does not say it and none is given, in a sentence.
    pub assumption: Option<String>,
    /// What the reader did beyond that.
    pub report: Report,
    /// The file they came from.
    pub source: PathBuf,
}

/// What was done to come from a file to amplitudes in P1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The reflections or observations that the file lists, with a value or without.
    pub n_listed: usize,
    /// Observations that went into the mean of equivalent ones and are no longer there by themselves.
    pub n_averaged: usize,
    /// Intensities below zero, which became amplitudes of zero.
    pub n_negative: usize,
    /// Reflections in the file that have no value.
    pub n_without_value: usize,
    /// Reflections that were left out because the file marks them as unreliable or absent.
    pub n_marked: usize,
    /// Reflections that were left out because the space group makes them vanish.
    pub n_absent: usize,
    /// What else there is to know, in sentences.
    pub notes: Vec<String>,
}

impl Report {
    /// Everything a user should know, a sentence for each; nothing where all values were taken as they stand.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let counts = [
            (self.n_averaged, "observations were averaged with equivalent ones"),
            (self.n_negative, "intensities were below zero and became amplitudes of zero"),
            (self.n_without_value, "reflections have no value"),
            (self.n_marked, "reflections were left out, because the file marks them as unreliable or absent"),
            (self.n_absent, "reflections were left out, because its space group makes them vanish"),
        ];
        let counted = counts.into_iter().filter(|(n, _)| *n > 0);
        let counted = counted.map(|(n, what)| format!("{n} of {} {what}", self.n_listed));
        counted.chain(self.notes.iter().cloned()).collect()
    }
}

impl List {
    /// The amplitudes in P1 with Friedel mates and without systematic absences. Equivalent observations are averaged first
    /// ([`merge`]), Friedel mates apart; then |F| = √max(I, 0).
    ///
    /// `cell` is used where the file has none. A `space_group`, by any usual spelling ([`SpaceGroup::parse`]), is used instead of the
    /// file's symmetry.
    ///
    /// # Errors
    /// There is no symmetry, neither in the file nor given, or it does not fit the cell; the space group that was given has not
    /// all the symmetry by which the file was reduced; nothing was observed.
    pub fn in_p1(mut self, cell: Option<[f64; 6]>, space_group: Option<&str>) -> Result<(Reflections, Report)> {
        let refuse = |what: String| Error::file(&self.source, None, what);
        if self.observations.is_empty() {
            return Err(refuse("there are no observed reflections in it".into()));
        }
        let cell = self.cell.or(cell);
        if let Some(cell) = cell {
            ReciprocalMetric::from_cell(cell).map_err(|error| refuse(error.into()))?;
        }
        let mut notes = Vec::new();
        let symmetry = self.operators(cell, space_group, &mut notes).map_err(refuse)?;
        let merged = merge(&self.observations, &PointGroup::new(&symmetry));
        let mut list = merged.list;
        let mut n_negative = 0;
        if self.are_intensities {
            for (_, value) in &mut list {
                n_negative += usize::from(*value < 0.0);
                *value = value.max(0.0).sqrt();
            }
        }
        let n_merged = list.len();
        list.retain(|(hkl, _)| !is_absent(*hkl, &symmetry));
        self.report.n_absent = n_merged - list.len();
        let list = expand_to_p1(&list, &symmetry).map_err(|error| refuse(error.into()))?;
        if list.is_empty() {
            return Err(refuse("all of its reflections are systematically absent in its space group".into()));
        }
        self.report.n_listed = self.observations.len() + self.report.n_without_value + self.report.n_marked;
        self.report.n_averaged = merged.n_averaged;
        self.report.n_negative = n_negative;
        self.report.notes.append(&mut notes);
        Ok((Reflections { list, cell, symmetry, source: self.source }, self.report))
    }

    /// The operators to expand by.
    fn operators(
        &self,
        cell: Option<[f64; 6]>,
        space_group: Option<&str>,
        notes: &mut Vec<String>,
    ) -> std::result::Result<Vec<Operator>, String> {
        let Some(name) = space_group else {
            if self.symmetry.is_empty() {
                return Err("it does not say its symmetry, and such files mostly list an asymmetric unit alone; give the space \
                            group (crystal.space_group; P 1 if it lists every reflection)"
                    .into());
            }
            notes.extend(self.assumption.clone());
            if let (Some(cell), Ok(group)) = (cell, SpaceGroup::from_operators(&self.symmetry)) {
                group.fits(cell)?;
            }
            if !self.has_space_group {
                notes.push(
                    "the file gives the point group, but neither centring nor screw axes: without the space group, absent \
                     reflections count as missing"
                        .into(),
                );
            }
            return Ok(self.symmetry.clone());
        };
        let group = match cell {
            Some(cell) => SpaceGroup::parse_for_cell(name, cell)?,
            None => SpaceGroup::parse(name)?,
        };
        let own = PointGroup::new(&self.symmetry);
        if !own.is_within_laue_group_of(&PointGroup::new(&group.operators)) {
            let listed: Vec<String> = self.symmetry.iter().take(4).map(ToString::to_string).collect();
            return Err(format!(
                "it was reduced by symmetry ({}, …) that the space group {group} does not have; give one of the same Laue class, \
                 with its axes as in the file",
                listed.join("; ")
            ));
        }
        let other = self.has_space_group
            && self.assumption.is_none()
            && (self.symmetry.len() != group.operators.len()
                || !self.symmetry.iter().all(|o| group.operators.contains(o)));
        if other {
            notes.push(format!("the space group {group} that was given is used instead of the file's"));
        }
        Ok(group.operators)
    }
}
