//! Elements that do not lie row by row: views of a storage with strides, arrays in Fortran's order. They are compared in the
//! order of their indices, the last one the fastest.

/// Whether `strides` leave no gaps: then the same strides on both sides are the same order.
pub fn is_dense(shape: &[u64], strides: &[u64], width: usize, span: u64) -> bool {
    shape.len() == strides.len() && bytes_of(shape, width) == Some(span)
}

/// Bytes of all elements; none where no number holds them.
pub fn bytes_of(shape: &[u64], width: usize) -> Option<u64> {
    shape.iter().try_fold(width as u64, |product, side| product.checked_mul(*side))
}

/// The elements in `span`, of `width` bytes each, row by row: at most `limit` bytes. None where there are more, or an
/// element does not lie in `span`.
pub fn gathered(span: &[u8], shape: &[u64], strides: &[u64], width: usize, limit: u64) -> Option<Vec<u8>> {
    let length = bytes_of(shape, width).filter(|length| *length <= limit && shape.len() == strides.len())?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).ok()?);
    if length == 0 {
        return Some(bytes);
    }
    let Some(((last, outer), (step, outer_strides))) = shape.split_last().zip(strides.split_last()) else {
        return span.get(..width).map(<[u8]>::to_vec);
    };
    let step = usize::try_from(step.checked_mul(width as u64)?).ok()?;
    let mut index = vec![0_u64; outer.len()];
    loop {
        let row =
            index.iter().zip(outer_strides).try_fold(0_u64, |at, (n, stride)| at.checked_add(n.checked_mul(*stride)?));
        let mut at = usize::try_from(row?.checked_mul(width as u64)?).ok()?;
        for _ in 0..*last {
            bytes.extend_from_slice(span.get(at..at.checked_add(width)?)?);
            at = at.checked_add(step)?;
        }
        // The next row: as an odometer counts.
        let mut place = outer.len();
        loop {
            if place == 0 {
                return Some(bytes);
            }
            place -= 1;
            index[place] += 1;
            if index[place] < outer[place] {
                break;
            }
            index[place] = 0;
        }
    }
}
