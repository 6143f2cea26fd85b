//! The encodings of BinaryCIF's columns, undone from the last to the first.

use super::{get, list, string};
use rmpv::ValueRef;
use std::fmt::Write as _;

/// The most values of a column; a run may claim any number.
const MAX_VALUES: usize = 20_000_000;

/// The values of a column.
#[derive(Debug, Clone)]
pub(super) enum Numbers {
    Bytes(Vec<u8>),
    Integers(Vec<i64>),
    /// Read as 32-bit numbers, and written with as many digits.
    Singles(Vec<f32>),
    Doubles(Vec<f64>),
    /// Different texts, and for each value which of them it is; none is an empty text.
    Text(Vec<String>, Vec<Option<usize>>),
}

impl Numbers {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Singles(values) => values.len(),
            Self::Doubles(values) => values.len(),
            Self::Text(_, values) => values.len(),
        }
    }

    pub(super) fn integer(&self, i: usize) -> Option<i64> {
        match self {
            Self::Bytes(values) => values.get(i).map(|value| (*value).into()),
            Self::Integers(values) => values.get(i).copied(),
            _ => None,
        }
    }

    /// The text of a value; empty where it is a number.
    pub(super) fn text(&self, i: usize) -> &str {
        let Self::Text(known, values) = self else { return "" };
        values.get(i).copied().flatten().and_then(|place| known.get(place)).map_or("", String::as_str)
    }

    pub(super) fn write(&self, i: usize, text: &mut String) {
        // writing to a String cannot fail
        let _ = match self {
            Self::Bytes(values) => values.get(i).map(|value| write!(text, "{value}")),
            Self::Integers(values) => values.get(i).map(|value| write!(text, "{value}")),
            Self::Singles(values) => values.get(i).map(|value| write!(text, "{value}")),
            Self::Doubles(values) => values.get(i).map(|value| write!(text, "{value}")),
            Self::Text(..) => write!(text, "{}", self.text(i)).into(),
        };
    }

    fn into_integers(self) -> Result<Vec<i64>, String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.into_iter().map(i64::from).collect()),
            Self::Integers(values) => Ok(values),
            _ => Err("whole numbers are expected".into()),
        }
    }
}

/// The values of encoded data.
pub(super) fn decode(data: &ValueRef) -> Result<Numbers, String> {
    let Some(ValueRef::Binary(bytes)) = get(data, "data") else { return Err("its bytes are missing".into()) };
    decode_with(bytes, list(data, "encoding")?)
}

fn decode_with(bytes: &[u8], encodings: &[ValueRef]) -> Result<Numbers, String> {
    let mut values = Numbers::Bytes(bytes.to_vec());
    for encoding in encodings.iter().rev() {
        let kind = get(encoding, "kind").and_then(string).unwrap_or_default();
        values = match (kind, values) {
            ("ByteArray", Numbers::Bytes(bytes)) => of_bytes(&bytes, integer(encoding, "type")?)?,
            ("FixedPoint", values) => {
                let factor = number(encoding, "factor")?;
                Numbers::Doubles(values.into_integers()?.into_iter().map(|value| value as f64 / factor).collect())
            }
            ("IntervalQuantization", values) => {
                let (min, max) = (number(encoding, "min")?, number(encoding, "max")?);
                let step = (max - min) / (number(encoding, "numSteps")? - 1.0);
                Numbers::Doubles(values.into_integers()?.into_iter().map(|value| min + step * value as f64).collect())
            }
            ("RunLength", values) => Numbers::Integers(runs(&values.into_integers()?)?),
            ("Delta", values) => {
                let mut last = integer(encoding, "origin")?;
                let add = |difference: i64| {
                    last = last.wrapping_add(difference);
                    last
                };
                Numbers::Integers(values.into_integers()?.into_iter().map(add).collect())
            }
            ("IntegerPacking", values) => Numbers::Integers(unpacked(&values.into_integers()?, encoding)?),
            ("StringArray", Numbers::Bytes(bytes)) => strings(&bytes, encoding)?,
            (kind, _) => return Err(format!("the encoding `{}` is not known there", kind.escape_debug())),
        };
    }
    Ok(values)
}

fn integer(encoding: &ValueRef, key: &str) -> Result<i64, String> {
    let value = get(encoding, key);
    let whole = value.and_then(|value| match value {
        ValueRef::Integer(n) => n.as_i64(),
        ValueRef::F32(x) if x.fract() == 0.0 => Some(*x as i64),
        ValueRef::F64(x) if x.fract() == 0.0 => Some(*x as i64),
        _ => None,
    });
    whole.ok_or_else(|| format!("the encoding has no whole number `{key}`"))
}

fn number(encoding: &ValueRef, key: &str) -> Result<f64, String> {
    let value = get(encoding, key).and_then(|value| match value {
        ValueRef::Integer(n) => n.as_f64(),
        ValueRef::F32(x) => Some((*x).into()),
        ValueRef::F64(x) => Some(*x),
        _ => None,
    });
    value.ok_or_else(|| format!("the encoding has no number `{key}`"))
}

fn of_bytes(bytes: &[u8], kind: i64) -> Result<Numbers, String> {
    fn read<const N: usize, T>(bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Result<Vec<T>, String> {
        let (values, rest) = bytes.as_chunks::<N>();
        if rest.is_empty() {
            Ok(values.iter().map(|x| value(*x)).collect())
        } else {
            Err("its bytes are cut off".into())
        }
    }
    Ok(match kind {
        1 => Numbers::Integers(read(bytes, |x| i8::from_le_bytes(x).into())?),
        2 => Numbers::Integers(read(bytes, |x| i16::from_le_bytes(x).into())?),
        3 => Numbers::Integers(read(bytes, |x| i32::from_le_bytes(x).into())?),
        4 => Numbers::Integers(read(bytes, |x| u8::from_le_bytes(x).into())?),
        5 => Numbers::Integers(read(bytes, |x| u16::from_le_bytes(x).into())?),
        6 => Numbers::Integers(read(bytes, |x| u32::from_le_bytes(x).into())?),
        32 => Numbers::Singles(read(bytes, f32::from_le_bytes)?),
        33 => Numbers::Doubles(read(bytes, f64::from_le_bytes)?),
        _ => return Err(format!("the type {kind} of its numbers is not known")),
    })
}

/// Values from pairs of a value and how often it stands there.
fn runs(pairs: &[i64]) -> Result<Vec<i64>, String> {
    let (pairs, rest) = pairs.as_chunks::<2>();
    let total = pairs.iter().try_fold(0_usize, |sum, [_, n]| sum.checked_add(usize::try_from(*n).ok()?));
    match total {
        Some(total) if total <= MAX_VALUES && rest.is_empty() => {
            Ok(pairs.iter().flat_map(|[value, n]| std::iter::repeat_n(*value, *n as usize)).collect())
        }
        _ => Err(format!("its runs are damaged, or hold more than {MAX_VALUES} values")),
    }
}

/// Sums of values that reach the limits of a byte or two, up to one that does not.
fn unpacked(values: &[i64], encoding: &ValueRef) -> Result<Vec<i64>, String> {
    let is_unsigned = matches!(get(encoding, "isUnsigned"), Some(ValueRef::Boolean(true)));
    let (low, high) = match (integer(encoding, "byteCount")?, is_unsigned) {
        (1, true) => (0, u8::MAX.into()),
        (1, false) => (i8::MIN.into(), i8::MAX.into()),
        (2, true) => (0, u16::MAX.into()),
        (2, false) => (i16::MIN.into(), i16::MAX.into()),
        (n, _) => return Err(format!("numbers of {n} bytes cannot be packed")),
    };
    let (mut list, mut sum) = (Vec::with_capacity(values.len()), 0_i64);
    for value in values {
        sum = sum.wrapping_add(*value);
        if *value != high && (is_unsigned || *value != low) {
            list.push(sum);
            sum = 0;
        }
    }
    Ok(list)
}

/// Texts by their numbers in a list without doubles; −1 is none.
fn strings(bytes: &[u8], encoding: &ValueRef) -> Result<Numbers, String> {
    let all = get(encoding, "stringData").and_then(string).ok_or("its texts are missing")?;
    let Some(ValueRef::Binary(offsets)) = get(encoding, "offsets") else {
        return Err("its offsets are missing".into());
    };
    let offsets = decode_with(offsets, list(encoding, "offsetEncoding")?)?.into_integers()?;
    let indices = decode_with(bytes, list(encoding, "dataEncoding")?)?.into_integers()?;
    let place = |offset: i64| usize::try_from(offset).ok();
    // the offsets rise, so that the texts together are no longer than all
    let rises = offsets.is_sorted();
    let known = offsets.windows(2).map(|two| all.get(place(two[0])?..place(two[1])?).map(str::to_owned));
    let known: Option<Vec<String>> = known.collect();
    let known = known.filter(|_| rises).ok_or("its offsets are not in its texts")?;
    let values: Vec<Option<usize>> = indices.into_iter().map(place).collect();
    if values.iter().flatten().any(|index| *index >= known.len()) {
        return Err("it names texts that are not there".into());
    }
    Ok(Numbers::Text(known, values))
}
