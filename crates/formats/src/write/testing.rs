//! What tests of formats share: rows made of JSON, and everything that is written for them.

use super::{About, AssetPlace, Class, Entries, FileEntry, Format, Joiner, Numbers, Totals, replace_marks};
use labelport_model::data_type;
use labelport_model::losses::Losses;
use labelport_model::record::{Annotations, LabelRecord, ProjectRecord, Record};
use std::collections::{BTreeMap, BTreeSet};

/// A row with one label in one project.
#[derive(Clone, Copy)]
pub(super) struct TestRow<'a> {
    /// Members of `data_row`.
    pub(super) head: &'a str,
    pub(super) media: &'a str,
    /// `annotations`, an object; nothing for a row without a label.
    pub(super) annotations: Option<&'a str>,
}

/// What was written.
pub(super) struct Written {
    /// Streams and files by path.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The paths of assets.
    pub(super) assets: Vec<String>,
    /// What became of annotations and rows: "1 ImagePoint tip left_out why".
    pub(super) losses: Vec<String>,
}

impl Written {
    /// Returns a file as text.
    #[track_caller]
    pub(super) fn text(&self, path: &str) -> &str {
        let found = self.files.get(path).unwrap_or_else(|| panic!("{path} is not among {:?}", self.files.keys()));
        std::str::from_utf8(found).unwrap()
    }
}

/// Makes listed classes of feature schema ids, names and kinds, each with something written.
pub(super) fn classes(listed: &[(&str, &str, &str)]) -> Vec<Class> {
    let class = |(index, (schema_id, name, kind)): (u32, &(&str, &str, &str))| Class {
        index,
        schema_id: (*schema_id).to_owned(),
        name: (*name).to_owned(),
        value: name.replace(' ', "_"),
        kind: (*kind).to_owned(),
        form: data_type::find_kind(kind).map(|kind| kind.form),
        is_listed: true,
        written: 1,
    };
    (0..).zip(listed).map(class).collect()
}

/// Makes an object of a class: its feature schema id, its name and its kind.
pub(super) fn object(id: &str, class: (&str, &str, &str), answers: &str, shape: &str) -> String {
    let (schema_id, name, kind) = class;
    format!(
        r#"{{"feature_id":"{id}","feature_schema_id":"{schema_id}","name":"{name}","annotation_kind":"{kind}","classifications":[{answers}],{shape}}}"#
    )
}

/// Writes rows in a format, as an export does.
pub(super) fn write(format: &dyn Format, options: &[(&str, &str)], classes: &[Class], rows: &[TestRow<'_>]) -> Written {
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    write_about(format, About { classes, options, ..About::default() }, rows)
}

/// Writes rows in a format that knows more of an export.
pub(super) fn write_about(format: &dyn Format, mut about: About<'_>, rows: &[TestRow<'_>]) -> Written {
    let classes = about.classes;
    let mut values = BTreeSet::new();
    {
        let encoder = format.open(&about).unwrap();
        rows.iter().for_each(|row| with_record(row, &mut |record| values.extend(encoder.values(record))));
    }
    about.values = values;
    let encoder = format.open(&about).unwrap();
    let paths = encoder.streams();
    let mut pieces: Vec<Vec<Vec<u8>>> = vec![Vec::new(); paths.len()];
    let (mut files, mut assets, mut losses) = (Vec::new(), Vec::new(), Losses::default());
    let mut step = |write: &mut dyn FnMut(&mut Entries<'_>)| {
        let mut streams = vec![Vec::new(); paths.len()];
        write(&mut Entries {
            streams: &mut streams,
            files: &mut files,
            assets: &mut assets,
            losses: &mut losses,
            is_survey: false,
        });
        for (stream, pieces) in streams.into_iter().zip(&mut pieces).filter(|(stream, _)| !stream.is_empty()) {
            pieces.push(match encoder.has_marks() {
                true => replaced(&stream),
                false => stream,
            });
        }
    };
    step(&mut |entries| encoder.start(entries));
    step(&mut |entries| encoder.between(entries));
    let mut numbers = Numbers::FIRST;
    for row in rows {
        with_record(row, &mut |record| step(&mut |entries| encoder.row(record, &mut numbers, entries)));
        numbers.row += 1;
    }
    let totals = Totals { rows: rows.len() as u64, annotations: numbers.annotation - 1 };
    step(&mut |entries| encoder.finish(&totals, entries));
    let mut done: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut joiners: BTreeMap<&str, Option<Box<dyn Joiner>>> = BTreeMap::new();
    for ((stream, path), pieces) in paths.iter().enumerate().zip(pieces) {
        let joiner = joiners.entry(path).or_insert_with(|| encoder.joiner(stream));
        let joined = pieces.into_iter().map(|piece| match joiner {
            Some(joiner) => joiner.add(piece).unwrap(),
            None => piece,
        });
        done.entry(path.clone()).or_default().extend(joined.flatten());
    }
    for (path, joiner) in joiners {
        done.get_mut(path).unwrap().extend(joiner.into_iter().flat_map(|mut joiner| joiner.finish().unwrap()));
    }
    losses.name_classes(|place| (classes[place as usize].kind.clone(), classes[place as usize].name.clone()));
    let losses = losses.iter().map(|(loss, count)| {
        let class = loss.class.as_deref().unwrap_or("-");
        format!("{count} {} {class} {} {}", loss.what, loss.outcome.word(), loss.reason).trim_end().to_owned()
    });
    let files = files.into_iter().map(|FileEntry { path, bytes }| (path, bytes));
    let path_of = |place| match place {
        AssetPlace::File(path) | AssetPlace::Tar { path, .. } => path,
    };
    let assets = assets.into_iter().map(|asset| path_of(asset.place)).collect();
    Written { assets, losses: losses.collect(), files: files.chain(done).collect() }
}

fn replaced(marked: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    replace_marks(marked, &Numbers::FIRST, &mut text);
    text
}

fn with_record(row: &TestRow<'_>, take: &mut dyn FnMut(&Record<'_>)) {
    let label = row.annotations.map(|annotations| LabelRecord {
        head: br#""id":"l1""#,
        details: None,
        performance: None,
        annotations: Annotations::Stored(annotations.as_bytes()),
        rest: b"",
    });
    let labels: Vec<LabelRecord<'_>> = label.into_iter().collect();
    let project = ProjectRecord { id: "p", name: None, labels: &labels, details: None, tags: None, rest: b"" };
    take(&Record {
        head: row.head.as_bytes(),
        details: None,
        media: Some(row.media.as_bytes()),
        attachments: None,
        metadata: None,
        embeddings: None,
        projects: Some(&[project]),
        models: None,
        rest: b"",
    });
}
