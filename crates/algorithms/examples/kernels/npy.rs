//! Arrays in the format of NumPy: little-endian, in the order of C.

use std::error::Error;
use std::fs;
use std::io::{BufWriter, Write};

use ndarray::Array2;

const MAGIC: &[u8] = b"\x93NUMPY";

/// A number type and its name in a header.
pub(crate) trait Number: Copy {
    const NAME: &'static str;
    const SIZE: usize;

    fn read(bytes: &[u8]) -> Self;
    fn write(self, out: &mut impl Write) -> std::io::Result<()>;
}

macro_rules! number {
    ($type:ty, $name:literal) => {
        impl Number for $type {
            const NAME: &'static str = $name;
            const SIZE: usize = size_of::<$type>();

            fn read(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$type>()];
                own.copy_from_slice(bytes);
                Self::from_le_bytes(own)
            }

            fn write(self, out: &mut impl Write) -> std::io::Result<()> {
                out.write_all(&self.to_le_bytes())
            }
        }
    };
}

number!(f64, "<f8");
number!(f32, "<f4");
number!(u32, "<u4");
number!(i64, "<i8");

/// The values and the shape of a file.
fn read<T: Number>(path: &str) -> Result<(Vec<T>, Vec<usize>), Box<dyn Error>> {
    let wrong = |what: &str| format!("{path}: {what}");
    let bytes = fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    if bytes.get(..8) != Some(&[MAGIC, &[1, 0]].concat()) {
        return Err(wrong("not a file of NumPy, format 1.0").into());
    }
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(bytes.get(10..10 + length).unwrap_or_default())?;
    if !header.contains(&format!("'descr': '{}'", T::NAME)) {
        return Err(wrong(&format!("not of {}: {header}", T::NAME)).into());
    }
    if !header.contains("'fortran_order': False") {
        return Err(wrong("not in the order of C").into());
    }
    let shape = header.split_once("'shape': (").map(|(_, rest)| rest);
    let shape = shape.and_then(|rest| rest.split_once(')'));
    let (shape, _) = shape.ok_or_else(|| wrong("no shape"))?;
    let shape = shape.split(',').map(str::trim).filter(|n| !n.is_empty());
    let shape: Vec<usize> = shape.map(str::parse).collect::<Result<_, _>>()?;
    let values = bytes[10 + length..].chunks_exact(T::SIZE).map(T::read);
    Ok((values.collect(), shape))
}

/// The values of a file, whatever its shape.
pub(crate) fn vector<T: Number>(path: &str) -> Result<Vec<T>, Box<dyn Error>> {
    Ok(read(path)?.0)
}

/// A file with two axes.
pub(crate) fn matrix<T: Number>(path: &str) -> Result<Array2<T>, Box<dyn Error>> {
    match read(path)? {
        (values, shape) if shape.len() == 2 => {
            Ok(Array2::from_shape_vec((shape[0], shape[1]), values)?)
        }
        (_, shape) => Err(format!("{path}: shape {shape:?}, not of two axes").into()),
    }
}

/// Writes rows of equal length.
pub(crate) fn write<T: Number>(
    path: &str,
    columns: usize,
    values: impl ExactSizeIterator<Item = T>,
) -> Result<(), Box<dyn Error>> {
    let rows = values.len() / columns;
    let (name, order) = (T::NAME, "'fortran_order': False");
    let header = format!("{{'descr': '{name}', {order}, 'shape': ({rows}, {columns}), }}");
    // The values begin at a multiple of 64.
    let width = (10 + header.len() + 1).next_multiple_of(64) - 11;
    let mut out = BufWriter::new(fs::File::create(path)?);
    out.write_all(MAGIC)?;
    out.write_all(&[1, 0])?;
    out.write_all(&u16::try_from(width + 1)?.to_le_bytes())?;
    writeln!(out, "{header:<width$}")?;
    for value in values {
        value.write(&mut out)?;
    }
    out.flush()?;
    Ok(())
}
