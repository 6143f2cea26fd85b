//! The numbers of a structure, all at once: constants, tangents, dual numbers and scalar products follow from two visits.

use std::sync::Arc;

/// A structure over a number type, whose numbers can be visited. What else it has (choices, counts, masks) is copied. Structures get it
/// from the macro `numbers`, which lists every field once; the compiler refuses a list that lacks one.
pub trait Numbers {
    /// The type of its numbers.
    type Number: Copy;
    /// This structure over other numbers.
    type Of<S: Copy>: Numbers<Number = S>;

    /// The structure of what `f` makes of each number.
    fn map<S: Copy>(&self, f: &mut impl FnMut(Self::Number) -> S) -> Self::Of<S>;

    /// The structure of what `f` makes of each number and that of another structure in the same place. Where the other has none (a
    /// shorter list, `None`), the default stands in for it.
    fn zip<S: Copy + Default, T: Copy>(
        &self,
        other: &Self::Of<S>,
        f: &mut impl FnMut(Self::Number, S) -> T,
    ) -> Self::Of<T>;
}

/// Implements [`Numbers`] for a structure over `R`. The kind of each field is `number` for an `R`, `part` for what has numbers itself,
/// `list` for a `Vec<R>` and `other` for what has none.
macro_rules! numbers {
    ($structure:ident { $($field:ident: $kind:ident),+ $(,)? }) => {
        impl<R: Copy> $crate::numbers::Numbers for $structure<R> {
            type Number = R;
            type Of<S: Copy> = $structure<S>;

            fn map<S: Copy>(&self, f: &mut impl FnMut(R) -> S) -> $structure<S> {
                $structure { $($field: $crate::numbers::numbers!(@map $kind, self.$field, f)),+ }
            }

            fn zip<S: Copy + Default, T: Copy>(
                &self,
                other: &$structure<S>,
                f: &mut impl FnMut(R, S) -> T,
            ) -> $structure<T> {
                $structure { $($field: $crate::numbers::numbers!(@zip $kind, self.$field, other.$field, f)),+ }
            }
        }
    };
    (@map number, $x:expr, $f:ident) => { $f($x) };
    (@map part, $x:expr, $f:ident) => { $crate::numbers::Numbers::map(&$x, $f) };
    (@map list, $x:expr, $f:ident) => { $x.iter().map(|&x| $f(x)).collect() };
    (@map other, $x:expr, $f:ident) => { Clone::clone(&$x) };
    (@zip number, $x:expr, $y:expr, $f:ident) => { $f($x, $y) };
    (@zip part, $x:expr, $y:expr, $f:ident) => { $crate::numbers::Numbers::zip(&$x, &$y, $f) };
    (@zip list, $x:expr, $y:expr, $f:ident) => {
        $x.iter().enumerate().map(|(i, &x)| $f(x, $y.get(i).copied().unwrap_or_default())).collect()
    };
    (@zip other, $x:expr, $y:expr, $f:ident) => { Clone::clone(&$x) };
}
pub(crate) use numbers;

/// A part and the other one in its place, which may be missing.
fn zip_or<N: Numbers, S: Copy + Default, T: Copy>(
    part: &N,
    other: Option<&N::Of<S>>,
    f: &mut impl FnMut(N::Number, S) -> T,
) -> N::Of<T> {
    match other {
        Some(other) => part.zip(other, f),
        None => part.map(&mut |x| f(x, S::default())),
    }
}

impl<R: Copy, const N: usize> Numbers for [R; N] {
    type Number = R;
    type Of<S: Copy> = [S; N];

    fn map<S: Copy>(&self, f: &mut impl FnMut(R) -> S) -> [S; N] {
        std::array::from_fn(|i| f(self[i]))
    }

    fn zip<S: Copy + Default, T: Copy>(&self, other: &[S; N], f: &mut impl FnMut(R, S) -> T) -> [T; N] {
        std::array::from_fn(|i| f(self[i], other[i]))
    }
}

impl<N: Numbers> Numbers for Vec<N> {
    type Number = N::Number;
    type Of<S: Copy> = Vec<N::Of<S>>;

    fn map<S: Copy>(&self, f: &mut impl FnMut(N::Number) -> S) -> Vec<N::Of<S>> {
        self.iter().map(|part| part.map(f)).collect()
    }

    fn zip<S: Copy + Default, T: Copy>(
        &self,
        other: &Vec<N::Of<S>>,
        f: &mut impl FnMut(N::Number, S) -> T,
    ) -> Vec<N::Of<T>> {
        self.iter().enumerate().map(|(i, part)| zip_or(part, other.get(i), f)).collect()
    }
}

impl<N: Numbers> Numbers for Option<N> {
    type Number = N::Number;
    type Of<S: Copy> = Option<N::Of<S>>;

    fn map<S: Copy>(&self, f: &mut impl FnMut(N::Number) -> S) -> Option<N::Of<S>> {
        self.as_ref().map(|part| part.map(f))
    }

    fn zip<S: Copy + Default, T: Copy>(
        &self,
        other: &Option<N::Of<S>>,
        f: &mut impl FnMut(N::Number, S) -> T,
    ) -> Option<N::Of<T>> {
        self.as_ref().map(|part| zip_or(part, other.as_ref(), f))
    }
}

impl<N: Numbers> Numbers for Arc<N> {
    type Number = N::Number;
    type Of<S: Copy> = Arc<N::Of<S>>;

    fn map<S: Copy>(&self, f: &mut impl FnMut(N::Number) -> S) -> Arc<N::Of<S>> {
        Arc::new((**self).map(f))
    }

    fn zip<S: Copy + Default, T: Copy>(
        &self,
        other: &Arc<N::Of<S>>,
        f: &mut impl FnMut(N::Number, S) -> T,
    ) -> Arc<N::Of<T>> {
        Arc::new((**self).zip(other, f))
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    /// A structure of every kind of field.
    #[derive(Debug, Clone, PartialEq)]
    struct Made<R> {
        one: R,
        three: [R; 3],
        list: Vec<R>,
        parts: Vec<[R; 1]>,
        perhaps: Option<[R; 1]>,
        name: &'static str,
    }
    numbers!(Made { one: number, three: part, list: list, parts: part, perhaps: part, name: other });

    fn made(by: f64) -> Made<f64> {
        Made {
            one: by,
            three: [2.0 * by, 3.0 * by, 4.0 * by],
            list: vec![5.0 * by, 6.0 * by],
            parts: vec![[7.0 * by], [8.0 * by]],
            perhaps: Some([9.0 * by]),
            name: "made",
        }
    }

    #[test]
    fn every_number_is_visited_once_and_the_rest_is_kept() {
        assert_eq!(made(1.0).map(&mut |x| 10.0 * x), made(10.0));
        assert_eq!(made(1.0).zip(&made(2.0), &mut |x, y| x + y), made(3.0));
        let mut sum = 0.0;
        made(1.0).zip(&made(2.0), &mut |x, y| sum += x * y);
        // 2·(1² + 2² + … + 9²)
        assert_eq!(sum, 570.0);
    }

    #[test]
    fn what_the_other_lacks_is_the_default() {
        let other = Made { list: vec![1.0], parts: vec![], perhaps: None, ..made(0.0) };
        let sums = made(1.0).zip(&other, &mut |x, y: f64| x + y);
        assert_eq!(sums, Made { list: vec![6.0, 6.0], ..made(1.0) });
    }
}
