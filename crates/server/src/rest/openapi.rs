//! The description of REST itself, for programs that make clients and tests of it.
//!
//! `docs/openapi.json` is written by hand; a test writes the parameters and filters of exports, which have tables. It has
//! every route and method of this folder and nothing else, which a test compares with the routes themselves; that real
//! answers have the form that it says is tested in `tests/readers`.
//!
//! # Adding a call
//! Describe it in the file. Until then `every_route_is_described` fails.

use super::Routes;
use crate::answer;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use axum::routing::get;

/// The description.
const OPENAPI: &str = include_str!("../../../../docs/openapi.json");

pub(super) fn routes(routes: Routes) -> Routes {
    routes.route("/api/v1/openapi.json", get(description))
}

/// Answers with the description. It says nothing of the workspace, so that no key is needed.
async fn description() -> Response<Body> {
    answer::with_type(StatusCode::OK, "application/json; charset=utf-8", OPENAPI.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_app::TestApp;
    use axum::Router;
    use axum::http::Method;
    use labelport_engine::tasks::TaskStatus;
    use labelport_model::losses::Outcome;
    use labelport_model::request::{EXPORT_FILTERS, FilterField, PARAMS, ParamField, SCOPES, ScopeKind, media_types};
    use labelport_model::workflow::WorkflowStatus;
    use serde_json::{Map, Value, json};
    use std::collections::{BTreeMap, BTreeSet};

    const FILE: &str = "../../docs/openapi.json";

    fn read() -> Value {
        serde_json::from_str(OPENAPI).unwrap()
    }

    /// Returns the methods of each path that the file has.
    fn described() -> BTreeMap<String, BTreeSet<String>> {
        let file = read();
        let paths = file["paths"].as_object().unwrap();
        let methods = |item: &Value| item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect()
    }

    /// Returns a path with something in the place of its parameters.
    fn filled(path: &str) -> String {
        let part = |part: &str| if part.starts_with('{') { "x".to_owned() } else { part.to_owned() };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn every_route_is_described() {
        let app = TestApp::new();
        // A path says what methods it takes when it gets one that it does not take.
        let methods = |path: &str| -> BTreeSet<String> {
            let allowed = app.allowed(Method::TRACE, &filled(path));
            allowed.split(',').map(str::to_owned).filter(|method| method != "HEAD").collect()
        };
        let routes = Routes::of(Router::new()).paths;
        let known: BTreeMap<String, BTreeSet<String>> =
            routes.into_iter().map(|path| (path.to_owned(), methods(path))).collect();
        assert_eq!(described(), known, "docs/openapi.json (left) and the routes (right) differ");
    }

    #[test]
    fn every_parameter_of_a_path_is_described() {
        let file = read();
        for (path, item) in file["paths"].as_object().unwrap() {
            let in_path: Vec<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            for (method, operation) in item.as_object().unwrap() {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let named = parameters.filter(|one| one["in"] == "path").map(|one| one["name"].as_str().unwrap());
                assert_eq!(named.collect::<Vec<_>>(), in_path, "{method} {path}");
                let summary = operation["summary"].as_str().unwrap();
                assert!(!summary.is_empty() && !summary.ends_with('.'), "{method} {path}: {summary:?}");
            }
        }
    }

    #[test]
    fn the_file_is_served() {
        let app = TestApp::new();
        let served: Value =
            serde_json::from_str(&app.get(&json!("http://labelport.test/api/v1/openapi.json"))).unwrap();
        assert_eq!(served, read());
    }

    /// Says of an option what it does, and where it applies if not everywhere.
    fn summary(text: &str, scopes: &[ScopeKind]) -> String {
        let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
        if names.len() == SCOPES.len() { text.to_owned() } else { format!("{text} Scopes: {}.", names.join(", ")) }
    }

    /// Returns the schemas of parameters and filters, of their tables.
    fn options() -> (Value, Value) {
        let texts = json!({ "type": "string" });
        let mut params = Map::new();
        for param in PARAMS {
            let mut schema = match param.field {
                ParamField::Switch { .. } => json!({ "type": ["boolean", "null"] }),
                ParamField::Ids { .. } => json!({ "type": ["array", "null"], "items": texts }),
                ParamField::MediaType { .. } => {
                    let mut names: Vec<Value> = media_types().into_iter().map(Value::from).collect();
                    names.push(Value::Null);
                    json!({ "enum": names })
                }
            };
            schema["description"] = summary(param.summary, param.scopes).into();
            params.insert(param.option.name.to_owned(), schema);
        }
        let mut filters = Map::new();
        for filter in EXPORT_FILTERS {
            let mut schema = match filter.field {
                FilterField::Span { .. } => {
                    let end = json!({ "type": ["string", "null"] });
                    json!({ "type": ["array", "null"], "items": end, "minItems": 2, "maxItems": 2 })
                }
                FilterField::Status { .. } => {
                    let names = WorkflowStatus::ALL.map(WorkflowStatus::filter_name);
                    let names: Vec<Value> = names.into_iter().map(Value::from).chain([Value::Null]).collect();
                    json!({ "enum": names })
                }
                FilterField::Ids { .. } => json!({ "type": ["array", "null"], "items": texts, "minItems": 1 }),
            };
            schema["description"] = summary(filter.summary, filter.scopes).into();
            filters.insert(filter.option.name.to_owned(), schema);
        }
        (params.into(), filters.into())
    }

    #[test]
    fn parameters_and_filters_are_those_of_their_tables() {
        let mut file = read();
        let schemas = &mut file["components"]["schemas"];
        let (params, filters) = options();
        schemas["Params"]["properties"] = params;
        schemas["Filters"]["properties"] = filters;
        let text = format!("{}\n", serde_json::to_string_pretty(&file).unwrap());
        if std::env::var_os("LABELPORT_BLESS").is_some() {
            std::fs::write(FILE, text).unwrap();
            return;
        }
        assert!(text == OPENAPI, "{FILE} is not what the tables say; `cargo xtask bless` writes it anew");
    }

    #[test]
    fn words_are_those_of_the_code() {
        let file = read();
        let schemas = &file["components"]["schemas"];
        let kinds = schemas["Scope"]["oneOf"].as_array().unwrap().iter().flat_map(|scope| {
            let kind = &scope["properties"]["kind"];
            kind["enum"].as_array().cloned().unwrap_or_else(|| vec![kind["const"].clone()])
        });
        let kinds: BTreeSet<String> = kinds.map(|kind| kind.as_str().unwrap().to_owned()).collect();
        assert_eq!(kinds, SCOPES.iter().map(|scope| scope.name.to_owned()).collect());
        assert_eq!(schemas["TaskStatus"]["enum"], json!(TaskStatus::ALL.map(TaskStatus::wire_name)));
        assert_eq!(schemas["Loss"]["properties"]["outcome"]["enum"], json!(Outcome::ALL.map(Outcome::word)));
    }
}
