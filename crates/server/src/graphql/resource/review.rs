//! What people and checks say of labels: reviews, benchmarks, scores; and what a project adds up of it.

use super::{id, node, number, organization, user_of};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes::{self, time_of_millis};
use labelport_engine::projects::benchmark::{self, Benchmark};
use labelport_engine::projects::review::{self, Review};
use labelport_engine::projects::{label, label_feedback, performance, project};
use labelport_model::given::wrong;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "Review",
            leaves: &["createdAt", "id", "score", "updatedAt"],
            fields: &[
                Field::object("createdBy", "User", &[], |call, parent, _| user_of(call, parent, "_createdBy")),
                Field::object("label", "Label", &[], |call, parent, _| label_of(call, parent)),
                Field::object("organization", "Organization", &[], organization),
                Field::object("project", "Project", &[], |call, parent, _| {
                    let label = label::get(call.workspace, text(parent, "_label"))?;
                    let found = project::find_by_key(call.workspace, label.project_key)?;
                    Ok(found.map_or(Value::Null, nodes::project))
                }),
            ],
        },
        Type {
            name: "Benchmark",
            leaves: &["averageAgreement", "completedCount", "createdAt", "id", "lastActivity"],
            fields: &[
                Field::object("createdBy", "User", &[], |call, parent, _| user_of(call, parent, "_createdBy")),
                Field::object("referenceLabel", "Label", &[], |call, parent, _| label_of(call, parent)),
            ],
        },
        Type { name: "LabelFeedback", leaves: &["id"], fields: &[Field::member("scores", "LabelScore")] },
        Type { name: "LabelScore", leaves: &["id", "name", "score"], fields: &[] },
        Type {
            name: "ReviewMetrics",
            leaves: &[],
            fields: &[Field::object("labelAggregate", "LabelAggregate", &["netScore"], aggregate)],
        },
        Type { name: "LabelAggregate", leaves: &["count"], fields: &[] },
        Type {
            name: "LabelerPerformance",
            leaves: &[
                "averageBenchmarkAgreement",
                "consensus",
                "count",
                "lastActivityTime",
                "secondsPerLabel",
                "totalTimeLabeling",
            ],
            fields: &[Field::object("user", "User", &[], |call, parent, _| user_of(call, parent, "_user"))],
        },
    ],
    queries: &[
        Field::object("review", "Review", &["where"], |call, _, arguments| {
            review::get(call.workspace, arguments.text("where.id")?).map(to_node)
        }),
        // The SDK asks for the label of a benchmark by the id of the benchmark.
        Field::object("benchmark", "Benchmark", &["where"], |call, _, arguments| {
            benchmark::get(call.workspace, arguments.text("where.id")?).map(benchmark_node)
        }),
    ],
    mutations: &[
        Field::object("createReview", "Review", &["data"], |call, _, arguments| {
            let label = arguments.text("data.label.connect.id")?;
            review::create(call.workspace, call.caller, label, score(arguments)?).map(to_node)
        }),
        Field::object("updateReview", "Review", &["data", "where"], |call, _, arguments| {
            let id = arguments.text("where.id")?;
            if arguments.flag("data.deleted")? {
                review::delete(call.workspace, id)?;
                return Ok(json!({ "id": id }));
            }
            review::update(call.workspace, id, score(arguments)?).map(to_node)
        }),
        Field::object("createBenchmark", "Benchmark", &["data"], |call, _, arguments| {
            benchmark::create(call.workspace, call.caller, arguments.text("data.labelId")?).map(benchmark_node)
        }),
        Field::object("deleteBenchmark", "Benchmark", &["where"], |call, _, arguments| {
            benchmark::delete(call.workspace, arguments.text("where.labelId")?).map(|id| json!({ "id": id }))
        }),
        Field::object("upsertAutoQaLabelFeedback", "LabelFeedback", &["input"], |call, _, arguments| {
            let (label, feedback) = (arguments.text("input.labelId")?, arguments.text("input.feedback")?);
            let scores = arguments.at("input.scores");
            let stored = label_feedback::put(call.workspace, call.caller, label, feedback, scores)?;
            let to_score = |(name, score): (&String, &f64)| json!({ "id": format!("{}-{name}", stored.id), "name": name, "score": score });
            let scores: Vec<Value> = stored.body.scores.iter().map(to_score).collect();
            Ok(json!({ "id": stored.id, "scores": scores }))
        }),
    ],
    more: &[
        (
            "Label",
            &[Field::object("reviews", "Review", &["first", "orderBy", "skip", "where"], |call, parent, arguments| {
                let found = review::list(&label::get(call.workspace, id(parent))?);
                listing::page(found.into_iter().map(|each| node(to_node(each))).collect(), arguments)
            })],
        ),
        (
            "Project",
            &[
                Field::object(
                    "benchmarks",
                    "Benchmark",
                    &["first", "orderBy", "skip", "where"],
                    |call, parent, arguments| {
                        let project = project::get(call.workspace, id(parent))?;
                        let found = benchmark::list(call.workspace, &project)?;
                        listing::page(found.into_iter().map(|each| node(benchmark_node(each))).collect(), arguments)
                    },
                ),
                Field::object("reviewMetrics", "ReviewMetrics", &[], |_, parent, _| {
                    Ok(json!({ "_key": number(parent, "_key") }))
                }),
                Field::object("labelerPerformance", "LabelerPerformance", &["first", "skip"], labelers),
            ],
        ),
    ],
};

fn text<'a>(parent: &'a Node, key: &str) -> &'a str {
    parent.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn label_of(call: &Call<'_>, parent: &Node) -> Result<Value, Problem> {
    let label = label::get(call.workspace, text(parent, "_label"))?;
    Ok(nodes::labels(call.workspace, vec![label])?.pop().unwrap_or_default())
}

fn score(arguments: &Arguments<'_>) -> Result<f64, Problem> {
    let score = arguments.at("data.score");
    score.as_f64().ok_or_else(|| wrong("data.score", "a number, such as 1, 0 or -1", score))
}

fn optional(time: Option<Timestamp>) -> Value {
    time_of_millis(time.map(Timestamp::as_millis))
}

fn to_node(review: Review) -> Value {
    // The SDK reads no review without times.
    let moment = |time: Option<Timestamp>| optional(time.or(Some(Timestamp::from_millis(0))));
    json!({
        "id": review.id,
        "score": review.score,
        "createdAt": moment(review.created),
        "updatedAt": moment(review.updated),
        "_createdBy": review.created_by,
        "_label": review.label_id,
    })
}

fn benchmark_node(benchmark: Benchmark) -> Value {
    json!({
        "id": benchmark.id,
        "averageAgreement": benchmark.agreement,
        "completedCount": benchmark.completed,
        "createdAt": optional(benchmark.created.or(Some(Timestamp::from_millis(0)))),
        "lastActivity": optional(benchmark.last_activity),
        "_createdBy": benchmark.created_by,
        "_label": benchmark.label.id,
    })
}

fn aggregate(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let counts = performance::count_reviews(call.workspace, number(parent, "_key"))?;
    let count = match arguments.find_text("netScore")? {
        None | Some("None") => counts.without,
        Some("Negative") => counts.negative,
        Some("Zero") => counts.zero,
        Some("Positive") => counts.positive,
        Some(_) => return Err(wrong("netScore", "Negative, Zero, Positive or None", arguments.at("netScore"))),
    };
    Ok(json!({ "count": count }))
}

fn labelers(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let found = performance::list_labelers(call.workspace, number(parent, "_key"))?;
    let to_node = |totals: performance::LabelerTotals| {
        node(json!({
            "count": totals.labels,
            "secondsPerLabel": totals.seconds / totals.labels.max(1) as f64,
            "totalTimeLabeling": totals.seconds,
            "consensus": totals.consensus,
            "averageBenchmarkAgreement": totals.benchmark,
            "lastActivityTime": optional(totals.last_activity.or(Some(Timestamp::from_millis(0)))),
            "_user": totals.email,
        }))
    };
    listing::page(found.into_iter().map(to_node).collect(), arguments)
}
