//! Volumes: their voxels, where they lie, and what is not in them.

use super::grid::Grid;
use super::*;
use crate::write::Class;
use crate::write::series::testing::{
    self, CRACK, HEAD, KNOWN, PORE, SEAM, annotations, annotations_of, count, drawn_objects, mask, series,
};
use crate::write::series::{NO_SLICE, NOT_A_SERIES, NOT_HELD, OTHER_PLANE};
use crate::write::testing::{TestRow, Written, classes, object, write_about};
use flate2::read::GzDecoder;
use labelport_model::series::{Series, Slice};
use proptest::prelude::*;
use std::io::Read;

fn grid_of(series: Series) -> Result<Grid, &'static str> {
    Grid::of(&Stack::of(series)?)
}

fn encode(
    options: &[(&str, &str)],
    known: &[Class],
    kept: Result<Series, &'static str>,
    annotations: Option<&str>,
) -> Written {
    testing::encode(&Nifti, options, known, kept, annotations)
}

#[track_caller]
fn unpacked(written: &Written, path: &str) -> Vec<u8> {
    let bytes = written.files.get(path).unwrap_or_else(|| panic!("{path} is not among {:?}", written.files.keys()));
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).unwrap();
    unpacked
}

fn floats(header: &[u8], at: usize, count: usize) -> Vec<f32> {
    header[at..at + 4 * count].chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

fn shorts(header: &[u8], at: usize, count: usize) -> Vec<i16> {
    header[at..at + 2 * count].chunks(2).map(|two| i16::from_le_bytes(two.try_into().unwrap())).collect()
}

#[test]
fn voxels_are_the_numbers_of_classes_and_later_masks_cover_earlier_ones() {
    let first = [mask("f1", CRACK, "0:0-3"), mask("f2", PORE, "0:2-4"), mask("f3", CRACK, "1:0-1")];
    let second = [mask("f4", PORE, "2:3-4"), mask("f5", CRACK, "2:3-4")];
    let stored = annotations(&[("Axial", &[(1, &first), (3, &second)])]);
    let written = encode(&[], &classes(&[CRACK, PORE]), Ok(series(&[0.0, 2.0, 4.0])), Some(&stored));
    let volume = unpacked(&written, "train/scans/rail.nii.gz");
    let voxels: Vec<&[u8]> = volume[352..].chunks(12).collect();
    assert_eq!(voxels, [[1, 1, 2, 2, 1, 0, 0, 0, 0, 0, 0, 0], [0; 12], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]);
    assert_eq!(
        written.losses,
        [
            "2 DICOMSegmentationMask crack kept",
            "1 DICOMSegmentationMask crack reduced to the pixels that no later object covers",
            "1 DICOMSegmentationMask pore kept",
            "1 DICOMSegmentationMask pore left_out other objects cover all of it",
        ]
    );
    assert_eq!(written.text("classes.csv"), "number,name,red,green,blue\r\n1,crack,128,0,0\r\n2,pore,0,128,0\r\n");
    assert_eq!(written.text("classes.txt"), "crack\npore\n");
    let rows = "data_row_id,global_key,external_id,split,file,label_id\r\n\
                clrow,,scans/rail.dcm,train,train/scans/rail.nii.gz,l1\r\n";
    assert_eq!(written.text("rows.csv"), rows);
}

#[test]
fn a_header_says_what_voxels_are_and_where_they_lie() {
    let written = encode(&[], &classes(&[CRACK]), Ok(series(&[0.0, 2.0, 4.0])), None);
    let header = unpacked(&written, "train/scans/rail.nii.gz");
    assert_eq!(header.len(), 352 + 4 * 3 * 3);
    assert_eq!(header[..4], 348_i32.to_le_bytes());
    assert_eq!(shorts(&header, 40, 8), [3, 4, 3, 3, 1, 1, 1, 1], "sides");
    assert_eq!(shorts(&header, 68, 3), [1002, 2, 8], "labels in 8 bits");
    assert_eq!(floats(&header, 76, 4), [1.0, 0.25, 0.5, 2.0], "spacing");
    assert_eq!(floats(&header, 108, 3), [352.0, 1.0, 0.0], "offset and scale");
    assert_eq!((header[123], shorts(&header, 252, 2)), (2, vec![1, 1]), "millimetres of the scanner");
    // x grows to the right hand and y to the front: against the directions of DICOM.
    let affine = [[-0.25, 0.0, 0.0, 10.0], [0.0, -0.5, 0.0, -20.0], [0.0, 0.0, 2.0, 0.0]];
    assert_eq!(floats(&header, 280, 12), affine.concat());
    assert_eq!(floats(&header, 256, 6), [0.0, 0.0, 1.0, 10.0, -20.0, 0.0], "the same as a rotation");
    assert_eq!(&header[344..352], b"n+1\0\0\0\0\0");
    assert_eq!(written.losses, ["1 row - kept it has no label, and its volume says that nothing is there"]);
}

#[test]
fn each_class_has_a_volume_of_its_own() {
    let odd = ("s2", "a/b", "DICOMSegmentationMask");
    let objects = [mask("f1", CRACK, "0:0-3"), mask("f2", odd, "0:2-4")];
    let stored = annotations(&[("Axial", &[(2, &objects)])]);
    let options = [("voxels", "each-class")];
    let written = encode(&options, &classes(&[CRACK, odd]), Ok(series(&[0.0, 2.0])), Some(&stored));
    let crack = unpacked(&written, "train/scans/rail/crack.nii.gz");
    assert_eq!(crack[352..], [[0; 12], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat());
    let other = unpacked(&written, "train/scans/rail/a_b.nii.gz");
    assert_eq!(other[352..], [[0; 12], [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]].concat());
    assert!(written.losses.contains(&"1 DICOMSegmentationMask crack kept".to_owned()), "{:?}", written.losses);
    assert!(written.text("rows.csv").contains(",train/scans/rail/,l1"));
}

#[test]
fn more_than_255_classes_have_voxels_of_16_bits() {
    let names: Vec<String> = (0..300).map(|number| format!("c{number}")).collect();
    let listed: Vec<_> = names.iter().map(|name| (name.as_str(), name.as_str(), CRACK.2)).collect();
    let stored = annotations(&[("Axial", &[(1, &[mask("f1", listed[299], "0:1-2")])])]);
    let written = encode(&[], &classes(&listed), Ok(series(&[0.0, 2.0])), Some(&stored));
    let volume = unpacked(&written, "train/scans/rail.nii.gz");
    assert_eq!((shorts(&volume, 70, 2), shorts(&volume, 352, 4)), (vec![512, 16], vec![0, 300, 0, 0]));
}

#[test]
fn what_is_on_no_slice_of_the_series_is_left_out_and_said() {
    let line = object("f1", SEAM, "", r#""line":[{"x":1,"y":1},{"x":2,"y":2}]"#);
    let wide = mask("f2", CRACK, "wide/0:0-1");
    let stored = annotations(&[
        ("Axial", &[(1, &[line, wide]), (3, &[mask("f3", CRACK, "0:0-1")]), (0, &[mask("f4", CRACK, "0:0-1")])]),
        ("Sagittal", &[(1, &[mask("f5", CRACK, "0:0-1")])]),
    ]);
    let written = encode(&[], &classes(&[CRACK, SEAM]), Ok(series(&[0.0, 2.0])), Some(&stored));
    assert_eq!(
        written.losses,
        [
            format!("1 DICOMPolyline seam left_out {NOT_HELD}"),
            format!("1 DICOMSegmentationMask crack left_out {OTHER_PLANE}"),
            "1 DICOMSegmentationMask crack left_out its mask has another size than the picture".to_owned(),
            format!("2 DICOMSegmentationMask crack left_out {NO_SLICE}"),
        ]
    );
    let volume = unpacked(&written, "train/scans/rail.nii.gz");
    assert!(volume[352..].iter().all(|voxel| *voxel == 0));
    assert_eq!(written.text("losses.ndjson").lines().count(), 5);
}

#[test]
fn a_row_whose_series_is_not_at_hand_has_no_volume() {
    let stored = annotations(&[("Axial", &[(1, &[mask("f1", CRACK, "0:0-1")])])]);
    let written = encode(&[], &classes(&[CRACK]), Err("its series is gone"), Some(&stored));
    let expect = ["1 DICOMSegmentationMask crack left_out its series is gone", "1 row - left_out its series is gone"];
    assert_eq!(written.losses, expect);
    assert!(!written.files.keys().any(|path| path.ends_with(".nii.gz")), "{:?}", written.files.keys());
    assert!(written.text("rows.csv").ends_with("clrow,,scans/rail.dcm,,,\r\n"));
    let row = TestRow { head: HEAD, media: r#"{"asset_type":"image"}"#, annotations: None };
    let image = write_about(&Nifti, About::default(), &[row]);
    assert_eq!(image.losses, [format!("1 row - left_out {NOT_A_SERIES}")]);
}

#[track_caller]
fn check_layers(places: &[f64], expect: Result<&[usize], &str>) {
    let found = grid_of(series(places)).map(|grid| grid.layers);
    assert_eq!(found.as_deref().map_err(|reason| *reason), expect, "{places:?}");
}

#[test]
fn layers_are_in_the_order_of_the_file_unless_its_slices_are_mixed() {
    check_layers(&[0.0, 2.0, 4.0], Ok(&[0, 1, 2]));
    check_layers(&[4.0, 2.0, 0.0], Ok(&[0, 1, 2]));
    check_layers(&[0.0, 4.0, 2.0, 6.0], Ok(&[0, 2, 1, 3]));
    // Positions with few decimals.
    check_layers(&[0.0, 0.33, 0.67, 1.0], Ok(&[0, 1, 2, 3]));
    let uneven = "the slices of its series are not at one distance from each other";
    check_layers(&[0.0, 2.0, 6.0], Err(uneven));
    check_layers(&[0.0, 0.0, 2.0, 2.0], Err(uneven));
    check_layers(&[1.0, 1.0], Err(uneven));
    check_layers(&[], Err("its series has no slices"));
    check_layers(&[7.0], Ok(&[0]));
    let descending = grid_of(series(&[4.0, 2.0])).unwrap();
    assert_eq!(descending.affine()[2], [0.0, 0.0, -2.0, 4.0]);
    assert_eq!(grid_of(series(&[7.0])).unwrap().affine()[2], [0.0, 0.0, 3.0, 7.0], "as thick as the slice");
}

#[track_caller]
fn check_refused(change: &dyn Fn(&mut Series), expect: &str) {
    let mut odd = series(&[0.0, 2.0]);
    change(&mut odd);
    assert_eq!(grid_of(odd).unwrap_err(), expect);
}

#[test]
fn what_is_not_one_volume_is_refused() {
    let unlike = "the slices of its series differ in orientation or spacing";
    check_refused(&|series| series.slices[1].along_row = [0.0, 1.0, 0.0], unlike);
    check_refused(&|series| series.slices[1].spacing_mm = [0.5, 0.5], unlike);
    let every = |series: &mut Series, change: &dyn Fn(&mut Slice)| series.slices.iter_mut().for_each(change);
    let skew = "the rows and columns of its series are not at right angles";
    check_refused(&|series| every(series, &|slice| slice.down_column = [1.0, 0.0, 0.0]), skew);
    check_refused(&|series| every(series, &|slice| slice.along_row = [2.0, 0.0, 0.0]), skew);
    let spacing = "the spacing of its series is not a number of millimetres";
    check_refused(&|series| every(series, &|slice| slice.spacing_mm = [0.0, 0.5]), spacing);
    check_refused(&|series| every(series, &|slice| slice.spacing_mm = [1e300, 0.5]), spacing);
    check_refused(&|series| series.columns = 40_000, "its series is too large for a volume");
    check_refused(
        &|series| {
            series.slices.truncate(1);
            series.slices[0].thickness_mm = None;
        },
        "the thickness of its only slice is not known",
    );
    let tilted = |slice: &mut Slice| {
        let side = 1.0 / 3.0_f64.sqrt();
        slice.along_row = [0.5_f64.sqrt(), -(0.5_f64.sqrt()), 0.0];
        slice.down_column = [side / 2.0_f64.sqrt(), side / 2.0_f64.sqrt(), -2.0 * side / 2.0_f64.sqrt()];
    };
    check_refused(
        &|series| every(series, &tilted),
        "its series is not axial, coronal or sagittal: its slices are turned by 45 degrees or more",
    );
}

fn unit(vector: [f64; 3]) -> [f64; 3] {
    let length = vector.iter().map(|part| part * part).sum::<f64>().sqrt();
    vector.map(|part| part / length)
}

fn cross([a, b, c]: [f64; 3], [x, y, z]: [f64; 3]) -> [f64; 3] {
    [b * z - c * y, c * x - a * z, a * y - b * x]
}

proptest! {
    #[test]
    fn what_is_on_slices_at_hand_is_kept_reduced_or_left_out(objects in drawn_objects(), each in any::<bool>()) {
        let options: &[(&str, &str)] = if each { &[("voxels", "each-class")] } else { &[] };
        let stored = annotations_of(&objects);
        let written = encode(options, &classes(&KNOWN), Ok(series(&[0.0, 2.0, 4.0])), Some(&stored));
        let answers = objects.iter().filter(|object| object.4).count();
        prop_assert_eq!(count(&written, &[" kept", " reduced ", " left_out "]), objects.len() + answers);
        prop_assert_eq!(count(&written, &[" reduced ", " left_out "]), written.text("losses.ndjson").lines().count());
        // A voxel is set where something is kept or reduced, and nowhere else.
        let mut volumes = written.files.keys().filter(|path| path.ends_with(".nii.gz"));
        let is_set = |path: &String| unpacked(&written, path)[352..].iter().any(|voxel| *voxel > 0);
        prop_assert_eq!(volumes.any(is_set), count(&written, &[" kept", " reduced "]) > 0);
    }

    /// Both ways in which a header has the places of voxels are the same places.
    #[test]
    fn the_rotation_of_a_header_is_its_matrix(
        first in prop::array::uniform3(-1.0_f64..1.0),
        second in prop::array::uniform3(-1.0_f64..1.0),
        step in prop::sample::select(vec![-2.0, 2.0]),
    ) {
        let normal = cross(first, second);
        prop_assume!(normal.iter().map(|part| part * part).sum::<f64>() > 0.01);
        let (along, normal) = (unit(first), unit(normal));
        let mut turned = series(&[0.0, 2.0]);
        for (slice, place) in turned.slices.iter_mut().zip([0.0, step]) {
            slice.along_row = along;
            slice.down_column = unit(cross(normal, along));
            slice.position_mm = normal.map(|part| part * place);
        }
        // Between the axes there is no plane of a name.
        let Ok(grid) = grid_of(turned) else { return Ok(()) };
        let mut volume = Vec::new();
        let packed = Volume::new(&grid, false).unwrap().finish().unwrap();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut volume).unwrap();
        prop_assert_eq!(shorts(&volume, 252, 2), [1, 1]);
        let spacing = floats(&volume, 76, 4);
        let quaternion = floats(&volume, 256, 3);
        let [b, c, d] = [0, 1, 2].map(|part| f64::from(quaternion[part]));
        let a = (1.0 - b * b - c * c - d * d).max(0.0).sqrt();
        let rotation = [
            [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
            [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
            [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ];
        let matrix = floats(&volume, 280, 12);
        for (row, turns) in rotation.iter().enumerate() {
            for (column, turn) in turns.iter().enumerate() {
                let mirror = if column == 2 { f64::from(spacing[0]) } else { 1.0 };
                let expect = turn * mirror * f64::from(spacing[column + 1]);
                let found = f64::from(matrix[4 * row + column]);
                prop_assert!((expect - found).abs() < 1e-3, "{} {}: {} and {}", row, column, expect, found);
            }
        }
    }
}
