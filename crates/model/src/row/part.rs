//! Parts of rows, built piece by piece.
//!
//! A change of a row is a [`Row`] that contains the changed pieces and nothing else. Text that is given as such is
//! quoted here; a piece that is JSON already is a [`Value`], whose normal form is kept as it is. A row that is built here
//! equals the one that [`read`](super::read()) returns for the same row as a line.
//!
//! # Adding a piece
//! A function here that fills its field of [`Row`], in the order of the row's line.

use super::feature::Features;
use super::label;
use super::place::{Place, RowError, object};
use super::read;
use super::{EmbeddingValue, Join, Label, ModelRow, ProjectDetails, ProjectRow, Row, RowDetails, RunRow};
use crate::data_type::{self, DataType};
use crate::id::{DataRowId, DatasetId, LabelId, ModelId, ModelRunId, ProjectId};
use crate::json::{Members, Value};
use crate::time::Timestamp;
use crate::workflow::Split;

impl Row {
    /// Returns a part that contains only the id of its row.
    pub fn part(id: DataRowId) -> Self {
        let head = with_text(String::new(), "id", id.as_str());
        Self {
            join: Join::Replace,
            id,
            global_key: None,
            external_id: None,
            data_type: None,
            head,
            details: None,
            media: None,
            attachments: None,
            metadata: None,
            embeddings: None,
            projects: Vec::new(),
            models: Vec::new(),
            rest: None,
        }
    }

    /// Sets `data_row.external_id`.
    pub fn with_external_id(mut self, external_id: &str) -> Self {
        self.head = with_text(self.head, "external_id", external_id);
        self.external_id = Some(external_id.to_owned());
        self
    }

    /// Sets `data_row.global_key`.
    pub fn with_global_key(mut self, global_key: &str) -> Self {
        self.head = with_text(self.head, "global_key", global_key);
        self.global_key = Some(global_key.to_owned());
        self
    }

    /// Sets `data_row.row_data`: a URL, or the content itself.
    pub fn with_row_data(mut self, row_data: &str) -> Self {
        self.head = with_text(self.head, "row_data", row_data);
        self
    }

    /// Sets `data_row.details`.
    pub fn with_details(mut self, details: RowDetails) -> Self {
        self.details = Some(details);
        self
    }

    /// Sets `media_attributes`, and the data type that they show. Fails unless they are an object.
    pub fn with_media(mut self, media: Value<'_>) -> Result<Self, RowError> {
        let media = object(&Place::Key(&Place::Row, "media_attributes"), media)?;
        self.data_type = data_type::of_media(media);
        self.media = Some(media.raw().to_owned());
        Ok(self)
    }

    /// Sets `attachments`. Fails unless each is an object.
    pub fn with_attachments(mut self, attachments: Value<'_>) -> Result<Self, RowError> {
        let place = Place::Key(&Place::Row, "attachments");
        self.attachments = Some(read::list(&place, attachments, read::read_attachment)?);
        Ok(self)
    }

    /// Sets `metadata_fields`. Fails unless each is an object with a text for its schema.
    pub fn with_metadata(mut self, metadata: Value<'_>) -> Result<Self, RowError> {
        let place = Place::Key(&Place::Row, "metadata_fields");
        self.metadata = Some(read::list(&place, metadata, read::read_metadata)?);
        Ok(self)
    }

    /// Sets `embeddings`.
    pub fn with_embeddings(mut self, embeddings: Vec<EmbeddingValue>) -> Self {
        self.embeddings = Some(embeddings);
        self
    }

    /// Puts the row into a project, with its details there.
    pub fn in_project(mut self, id: ProjectId, name: &str, details: ProjectDetails) -> Self {
        let (name, details) = (Some(name.to_owned()), Some(details));
        self.projects.push(ProjectRow { id, name, tags: None, details, labels: None, rest: None });
        self
    }

    /// Puts the row into a run of a model.
    pub fn in_run(mut self, model_id: ModelId, model_name: &str, run: RunRow) -> Self {
        self.models.push(ModelRow { id: model_id, name: Some(model_name.to_owned()), runs: vec![run], rest: None });
        self
    }

    /// Sets the data type that annotations show, unless the media attributes have shown one.
    pub fn with_shown_type(mut self, shown: Option<&'static DataType>) -> Self {
        self.data_type = self.data_type.or(shown);
        self
    }
}

impl RowDetails {
    /// Returns the details of a row that is created now in a dataset, given by id and name. `email` is the creator's.
    pub fn new(dataset: (DatasetId, &str), email: &str, now: Timestamp) -> Self {
        let mut members = String::new();
        for key in ["created_at", "updated_at", "last_activity_at"] {
            members = with_text(members, key, &now.to_string());
        }
        Self {
            dataset: Some((dataset.0, Some(dataset.1.to_owned()))),
            created: Some(now),
            updated: Some(now),
            activity: Some(now),
            members: with_text(members, "created_by", email),
        }
    }
}

impl EmbeddingValue {
    /// Returns a custom or built-in embedding with its vector, an array of numbers that keep their spelling.
    pub fn new(id: &str, name: &str, is_custom: bool, vector: Value<'_>) -> Self {
        let count = vector.elements().count();
        let mut members = Members::from(with_text(with_text(String::new(), "id", id), "name", name));
        members.push_raw("dimensions", &count.to_string());
        members.push_raw("is_custom", if is_custom { "true" } else { "false" });
        members.push_raw("values", &format!("[{{\"value\":{}}}]", vector.raw()));
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            dimensions: i64::try_from(count).unwrap_or(i64::MAX),
            is_custom,
            json: format!("{{{}}}", members.as_str()),
        }
    }
}

impl ProjectDetails {
    /// Reads `project_details` of a row in a project. Fails unless it is an object whose known members have their kinds.
    pub fn read(details: Value<'_>) -> Result<Self, RowError> {
        read::read_project_details(&Place::Key(&Place::Row, "project_details"), details)
    }
}

impl RunRow {
    /// Returns a row's part in a run that contains only the id and name of the run.
    pub fn part(id: ModelRunId, name: &str) -> Self {
        Self {
            id,
            name: Some(name.to_owned()),
            head: String::new(),
            split: None,
            labels: None,
            predictions: None,
            tail: String::new(),
        }
    }

    /// Sets the ids that the row gets when it enters the run: its own there, and that of its annotation group.
    pub fn with_ids(mut self, run_data_row_id: &str, annotation_group_id: &str) -> Self {
        self.head = with_text(self.head, "run_data_row_id", run_data_row_id);
        self.head = with_text(self.head, "annotation_group_id", annotation_group_id);
        self
    }

    /// Sets `labels`.
    pub fn with_labels(mut self, labels: Vec<Label>) -> Self {
        self.labels = Some(labels);
        self
    }

    /// Sets `predictions`.
    pub fn with_predictions(mut self, predictions: Vec<Label>) -> Self {
        self.predictions = Some(predictions);
        self
    }

    /// Sets `split`.
    pub fn with_split(mut self, split: Split) -> Self {
        self.tail = with_text(self.tail, "split", split.export_name());
        self.split = Some(split);
        self
    }
}

impl Label {
    /// Returns a label of a kind such as `Default` or `Video`, and counts its annotations.
    pub fn new(id: LabelId, kind: &str, annotations: Value<'_>) -> Result<Self, RowError> {
        let head = with_text(with_text(String::new(), "label_kind", kind), "version", "1.0.0");
        let head = with_text(head, "id", id.as_str());
        Self::stored(id, head, annotations)
    }

    /// Returns a label from the pieces that are stored: the members before its details, and its annotations, which are
    /// counted again. Fails unless the annotations are an object.
    pub fn stored(id: LabelId, head: String, annotations: Value<'_>) -> Result<Self, RowError> {
        let annotations = object(&Place::Key(&Place::Row, "annotations"), annotations)?;
        Ok(label::with_annotations(id, head, annotations, &mut Features::default()))
    }

    /// Sets the details of a label that is made now by somebody, in no time.
    pub fn with_creator(mut self, email: &str, now: Timestamp) -> Self {
        let time = now.to_string();
        let details = with_text(with_text(String::new(), "created_at", &time), "updated_at", &time);
        let details = with_text(with_text(details, "created_by", email), "content_last_updated_at", &time);
        self.details = Some(format!("{{{details},\"reviews\":[]}}"));
        self.created = Some(now);
        self.performance = Some("{\"seconds_to_create\":0,\"seconds_to_review\":0,\"skipped\":false}".to_owned());
        self
    }

    /// Sets the members after the annotations, if there are any.
    pub fn with_rest(mut self, rest: Option<String>) -> Self {
        self.rest = rest.filter(|rest| !rest.is_empty());
        self
    }
}

/// Appends a member that is a text.
fn with_text(members: String, key: &str, text: &str) -> String {
    let mut members = Members::from(members);
    members.push_text(key, text);
    members.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    const ID: &str = "c00000000000000000000000a";
    const LABEL: &str = "c00000000000000000000000b";

    fn document(text: &str) -> Document {
        Document::parse(text.as_bytes()).unwrap()
    }

    fn row() -> Row {
        Row::part(DataRowId::parse(ID).unwrap())
    }

    /// Fails unless the row that is built is the one that is read from its line.
    #[track_caller]
    fn check(built: &Row, line: &str) {
        let expect = crate::row::read(&document(line)).unwrap();
        assert_eq!(format!("{built:#?}"), format!("{expect:#?}"));
    }

    #[test]
    fn the_data_row_is_as_read() {
        let now = Timestamp::from_millis(1_767_225_600_000);
        let dataset = DatasetId::parse("c00000000000000000000000d").unwrap();
        let vector = document("[1,2.50]");
        let built = row()
            .with_external_id("caf\u{e9} \"1\".jpg")
            .with_global_key("k/\u{1f600}")
            .with_row_data("https://example.test/1.jpg")
            .with_details(RowDetails::new((dataset, "d\u{e9}p\u{f4}t"), "ana@example.test", now))
            .with_media(document(r#"{"asset_type":"image","height":7.0}"#).root())
            .and_then(|row| row.with_attachments(document(r#"[{"id":"a","type":"IMAGE","value":"é"}]"#).root()))
            .and_then(|row| {
                let metadata =
                    r#"[{"schema_id":"s","schema_name":"n","schema_kind":"CustomMetadataNumber","value":1.0}]"#;
                row.with_metadata(document(metadata).root())
            })
            .unwrap()
            .with_embeddings(vec![EmbeddingValue::new("e", "vect\u{f6}r", true, vector.root())]);
        check(
            &built,
            r#"{"data_row":{"id":"c00000000000000000000000a","external_id":"café \"1\".jpg","global_key":"k/😀",
            "row_data":"https://example.test/1.jpg","details":{"dataset_id":"c00000000000000000000000d",
            "dataset_name":"dépôt","created_at":"2026-01-01T00:00:00.000+00:00",
            "updated_at":"2026-01-01T00:00:00.000+00:00","last_activity_at":"2026-01-01T00:00:00.000+00:00",
            "created_by":"ana@example.test"}},"media_attributes":{"asset_type":"image","height":7.0},
            "attachments":[{"id":"a","type":"IMAGE","value":"é"}],
            "metadata_fields":[{"schema_id":"s","schema_name":"n","schema_kind":"CustomMetadataNumber","value":1.0}],
            "embeddings":[{"id":"e","name":"vectör","dimensions":2,"is_custom":true,"values":[{"value":[1,2.50]}]}]}"#,
        );
    }

    #[test]
    fn a_row_in_a_project_is_as_read() {
        let details = r#"{"task_id":"t","task_name":"Review","batch_id":"b","batch_name":"März","workflow_status":"IN_REVIEW","priority":3}"#;
        let project = ProjectId::parse("c00000000000000000000000p").unwrap();
        let built = row().in_project(project, "p\u{e4}", ProjectDetails::read(document(details).root()).unwrap());
        check(
            &built,
            &format!(
                r#"{{"data_row":{{"id":"{ID}"}},"projects":{{"c00000000000000000000000p":{{"name":"pä","project_details":{details}}}}}}}"#
            ),
        );
    }

    #[test]
    fn a_row_in_a_run_is_as_read() {
        let annotations = document(
            r#"{"objects":[{"feature_id":"f","feature_schema_id":"s","name":"cat","annotation_kind":"ImageBoundingBox",
            "bounding_box":{"top":1,"left":2,"height":3,"width":4.0}}],"classifications":[],"relationships":[]}"#,
        );
        let label = Label::new(LabelId::parse(LABEL).unwrap(), "Default", annotations.root()).unwrap();
        assert_eq!(label.tally.len(), 1);
        let run = RunRow::part(ModelRunId::parse("run-1").unwrap(), "first")
            .with_ids("r", "g")
            .with_labels(Vec::new())
            .with_predictions(vec![label.with_rest(Some(r#""metrics":[1]"#.to_owned()))])
            .with_split(Split::parse("training").unwrap());
        let built = row()
            .in_run(ModelId::parse("c00000000000000000000000m").unwrap(), "model", run)
            .with_shown_type(data_type::of_annotations(annotations.root()));
        assert_eq!(built.data_type.map(|found| found.name), Some("image"));
        check(
            &built,
            &format!(
                r#"{{"data_row":{{"id":"{ID}"}},"experiments":{{"c00000000000000000000000m":{{"name":"model","runs":{{"run-1":
                {{"name":"first","run_data_row_id":"r","annotation_group_id":"g","labels":[],"predictions":[
                {{"label_kind":"Default","version":"1.0.0","id":"{LABEL}","annotations":{},"metrics":[1]}}],
                "split":"Training"}}}}}}}}}}"#,
                annotations.text()
            ),
        );
    }

    #[test]
    fn a_label_that_is_made_now_is_as_read() {
        let now = Timestamp::from_millis(0);
        let annotations = document(r#"{"objects":[],"classifications":[],"relationships":[]}"#);
        let label = Label::new(LabelId::parse(LABEL).unwrap(), "Video", annotations.root()).unwrap();
        let label = label.with_creator("zo\u{eb}@example.test", now);
        let line = format!(
            r#"{{"data_row":{{"id":"{ID}"}},"projects":{{"c00000000000000000000000p":{{"labels":[{{"label_kind":"Video",
            "version":"1.0.0","id":"{LABEL}","label_details":{{"created_at":"1970-01-01T00:00:00.000+00:00",
            "updated_at":"1970-01-01T00:00:00.000+00:00","created_by":"zoë@example.test",
            "content_last_updated_at":"1970-01-01T00:00:00.000+00:00","reviews":[]}},"performance_details":
            {{"seconds_to_create":0,"seconds_to_review":0,"skipped":false}},"annotations":{}}}]}}}}}}"#,
            annotations.text()
        );
        let read = crate::row::read(&document(&line)).unwrap();
        let expect = &read.projects[0].labels.as_ref().unwrap()[0];
        assert_eq!(format!("{label:#?}"), format!("{expect:#?}"));
    }

    #[test]
    fn pieces_of_another_kind_are_refused_with_their_place() {
        let error = row().with_media(document("[]").root()).unwrap_err();
        assert_eq!(error.to_string(), "media_attributes: expected an object, found an array");
        let error = row().with_attachments(document("[1]").root()).unwrap_err();
        assert_eq!(error.to_string(), "attachments[0]: expected an object, found a number");
        let error = ProjectDetails::read(document("7").root()).unwrap_err();
        assert_eq!(error.to_string(), "project_details: expected an object, found a number");
    }
}
