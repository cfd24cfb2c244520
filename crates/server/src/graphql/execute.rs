//! Runs an operation: selects, resolves, and puts the answer together in the order of the selection.

use super::argument::Arguments;
use super::resource::SCHEMA;
use super::schema::{Field, MUTATION, Node, QUERY};
use super::unread::is_unread;
use super::{Call, Failed};
use crate::absent;
use async_graphql_parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field as Selected, OperationDefinition, OperationType,
    Selection, SelectionSet,
};
use async_graphql_parser::{Positioned, parse_query};
use async_graphql_value::Value as Literal;
use labelport_engine::workspace::access::{Action, allow};
use labelport_model::problem::{Problem, ProblemKind};
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::collections::BTreeMap;

/// How deep a selection may be.
const DEPTH_LIMIT: usize = 24;
/// The most fields that one text may select.
const FIELD_LIMIT: usize = 2_000;
/// The most objects that one answer may have. A text of 80 characters can ask for more than any machine holds.
const OBJECT_LIMIT: usize = 100_000;
/// Mutations whose caller reads from an answer without data that the object is gone: the SDK has an error of its own for it.
const ABOUT_ONE_OBJECT: [&str; 3] = ["cancelInvite", "removeUsersFromGroupV2", "updateUserGroup"];
/// What the SDK knows as a query that asks for too much.
const TOO_COMPLEX: &str = "Query complexity limit exceeded";
/// The most objects that a text may ask for by its lists inside lists, each as long as it may be.
const COST_LIMIT: usize = 10_000_000;
/// How many objects a list is taken for where nobody says.
const LIST_COST: usize = 100;

/// Runs the one operation of a text.
pub(super) fn execute(call: &Call<'_>, text: &str, variables: &Value) -> Result<Value, Failed> {
    let document = parse_query(text).map_err(|error| syntax_error(&error))?;
    let operation = only_operation(&document)?;
    let empty = Map::new();
    let mut variables = variables.as_object().unwrap_or(&empty).clone();
    for definition in &operation.variable_definitions {
        let name = definition.node.name.node.as_str();
        if let Some(default) = definition.node.default_value.as_ref().filter(|_| !variables.contains_key(name)) {
            variables.insert(name.to_owned(), default.node.clone().into_json().unwrap_or_default());
        }
    }
    let (root, action) = match operation.ty {
        OperationType::Query => (QUERY, Action::Read),
        OperationType::Mutation => (MUTATION, Action::Write),
        OperationType::Subscription => {
            return Err(Problem::new(ProblemKind::Invalid, "there are no subscriptions; poll instead").into());
        }
    };
    let executor = Executor { call, document: &document, variables: &variables, objects: Cell::new(0) };
    executor.check(root, &operation.selection_set.node, Nesting::default(), &mut 0)?;
    let mut path = Vec::new();
    let data = executor.object(root, &[&operation.selection_set.node], &Node::new(), Some(action), &mut path);
    data.map(|data| json!({ "data": data })).map_err(|problem| {
        let is_lost = problem.kind == ProblemKind::NotFound && root == MUTATION;
        let problem = if is_lost && !executor.reads_no_data(operation) { malformed(problem) } else { problem };
        Failed { problem, path }
    })
}

/// Says where a text is not GraphQL. The library's own sentence quotes the text, which may hold what no log should.
fn syntax_error(error: &async_graphql_parser::Error) -> Problem {
    let place = error.positions().next();
    let place = place.map_or_else(String::new, |at| format!(" at line {}, column {}", at.line, at.column));
    Problem::new(ProblemKind::Syntax, format!("Syntax Error: the query is not GraphQL{place}"))
}

/// Returns a problem of a mutation as the SDK shows it. What is not found is no data to the SDK, and all its mutations
/// but deletions read something from the data, so that people would see a failure inside the SDK in place of ours.
fn malformed(problem: Problem) -> Problem {
    Problem { kind: ProblemKind::Malformed, ..problem }
}

fn only_operation(document: &ExecutableDocument) -> Result<&OperationDefinition, Problem> {
    match &document.operations {
        DocumentOperations::Single(operation) => Ok(&operation.node),
        DocumentOperations::Multiple(operations) => {
            let mut each = operations.values();
            match (each.next(), each.next()) {
                (Some(only), None) => Ok(&only.node),
                _ => Err(Problem::new(ProblemKind::Invalid, "a request has exactly one operation")),
            }
        }
    }
}

/// Where a selection is.
#[derive(Debug, Clone, Copy)]
struct Nesting {
    /// How many selections are around it.
    depth: usize,
    /// How many times it may be resolved, by the lists around it.
    cost: usize,
}

impl Default for Nesting {
    fn default() -> Self {
        Self { depth: 0, cost: 1 }
    }
}

impl Nesting {
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

struct Executor<'a> {
    call: &'a Call<'a>,
    document: &'a ExecutableDocument,
    variables: &'a Map<String, Value>,
    /// Resolved so far.
    objects: Cell<usize>,
}

impl Executor<'_> {
    /// Looks at a whole selection before anything runs: a mutation with a wrong field must do nothing.
    fn check(&self, of: &str, set: &SelectionSet, at: Nesting, count: &mut usize) -> Result<(), Problem> {
        if at.depth > DEPTH_LIMIT || at.cost > COST_LIMIT {
            return Err(Problem::new(ProblemKind::Invalid, TOO_COMPLEX));
        }
        for selection in &set.items {
            *count += 1;
            if *count > FIELD_LIMIT {
                return Err(Problem::new(ProblemKind::Invalid, TOO_COMPLEX));
            }
            match &selection.node {
                Selection::Field(selected) => self.check_field(of, &selected.node, at, count)?,
                Selection::InlineFragment(fragment) => {
                    let inner = fragment.node.type_condition.as_ref();
                    let inner = inner.map_or(of, |condition| condition.node.on.node.as_str());
                    self.check_fragment(of, inner)?;
                    self.check(inner, &fragment.node.selection_set.node, at.deeper(), count)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.document.fragments.get(name) else {
                        return Err(Problem::new(ProblemKind::Invalid, format!("Unknown fragment \"{name}\".")));
                    };
                    let inner = fragment.node.type_condition.node.on.node.as_str();
                    self.check_fragment(of, inner)?;
                    self.check(inner, &fragment.node.selection_set.node, at.deeper(), count)?;
                }
            }
        }
        Ok(())
    }

    /// A fragment on the root of the other kind of operation would run what was never checked for its caller.
    fn check_fragment(&self, of: &str, on: &str) -> Result<(), Problem> {
        let is_root = |name: &str| name == QUERY || name == MUTATION;
        if of != on && (is_root(of) || is_root(on)) {
            let message =
                format!("Fragment cannot be spread here as objects of type \"{of}\" can never be of type \"{on}\".");
            return Err(Problem::new(ProblemKind::Invalid, message));
        }
        Ok(())
    }

    fn check_field(&self, of: &str, selected: &Selected, at: Nesting, count: &mut usize) -> Result<(), Problem> {
        let name = selected.name.node.as_str();
        if name == "__typename" {
            return Ok(());
        }
        let invalid = |message: String| Err(Problem::new(ProblemKind::Invalid, message));
        let Some(field) = SCHEMA.find(of, name).filter(|_| !name.starts_with('_')) else {
            // What this server will not have has a better answer than that.
            return match absent::find(of, name) {
                Some(problem) => Err(problem),
                None => invalid(format!("Cannot query field \"{name}\" on type \"{of}\".")),
            };
        };
        let mut given = selected.arguments.iter().map(|(argument, _)| argument.node.as_str());
        if let Some(unknown) = given.find(|given| !field.takes.contains(given) && !is_unread(of, name, given)) {
            let takes = if field.takes.is_empty() { "none".to_owned() } else { field.takes.join(", ") };
            return invalid(format!("Unknown argument \"{unknown}\" on field \"{of}.{name}\"; it takes {takes}."));
        }
        let set = &selected.selection_set.node;
        match (field.returns, set.items.is_empty()) {
            (None, true) => Ok(()),
            (None, false) => invalid(format!("Field \"{name}\" of type \"{of}\" has no subfields.")),
            (Some(returns), true) => {
                invalid(format!("Field \"{name}\" of type \"{returns}\" must have a selection of subfields."))
            }
            (Some(returns), false) => {
                let at = Nesting { cost: at.cost.saturating_mul(self.list_cost(field, selected)), ..at.deeper() };
                self.check(returns, set, at, count)
            }
        }
    }

    /// Returns how many objects a field may give: one, unless it is a list, which has pages.
    fn list_cost(&self, field: &Field, selected: &Selected) -> usize {
        if !field.takes.contains(&"first") {
            return 1;
        }
        let first = selected.arguments.iter().find(|(name, _)| name.node == "first");
        let first = first.and_then(|(_, value)| self.value(&value.node)?.as_u64());
        first.and_then(|first| usize::try_from(first).ok()).unwrap_or(LIST_COST).max(1)
    }

    /// Returns whether a mutation removes something, and so succeeds if that is already gone, or is one of those whose
    /// callers expect no data then.
    fn reads_no_data(&self, operation: &OperationDefinition) -> bool {
        operation.selection_set.node.items.iter().any(|selection| {
            let Selection::Field(field) = &selection.node else { return false };
            let data = field.node.arguments.iter().find(|(name, _)| name.node == "data");
            let data = data.and_then(|(_, value)| self.value(&value.node)).unwrap_or_default();
            let name = field.node.name.node.as_str();
            name.starts_with("delete") || ABOUT_ONE_OBJECT.contains(&name) || data["deleted"] == true
        })
    }

    /// Resolves the selected fields of an object. `action` is what its fields need, for those of the root.
    fn object(
        &self,
        of: &str,
        sets: &[&SelectionSet],
        parent: &Node,
        action: Option<Action>,
        path: &mut Vec<String>,
    ) -> Result<Value, Problem> {
        self.objects.set(self.objects.get() + 1);
        if self.objects.get() > OBJECT_LIMIT {
            return Err(Problem::new(ProblemKind::Invalid, TOO_COMPLEX));
        }
        let mut selected: Vec<(&str, Vec<&Selected>)> = Vec::new();
        for set in sets {
            self.collect(of, parent, set, &mut selected)?;
        }
        let mut out = Map::new();
        for (key, fields) in selected {
            let name = fields[0].name.node.as_str();
            path.push(key.to_owned());
            let value = if name == "__typename" {
                json!(type_of(of, parent))
            } else {
                let field = SCHEMA.find(of, name).ok_or_else(|| Problem::internal("a field was not checked"))?;
                if let Some(action) = field.action.or(action) {
                    allow(self.call.caller, action)?;
                }
                self.field(field, &fields, parent, path)?
            };
            path.pop();
            out.insert(key.to_owned(), value);
        }
        Ok(Value::Object(out))
    }

    /// Gathers the fields of a selection by the key of the answer, fragments and repetitions joined.
    fn collect<'s>(
        &'s self,
        of: &str,
        parent: &Node,
        set: &'s SelectionSet,
        selected: &mut Vec<(&'s str, Vec<&'s Selected>)>,
    ) -> Result<(), Problem> {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    if self.is_skipped(&field.node.directives)? {
                        continue;
                    }
                    let key = field.node.response_key().node.as_str();
                    match selected.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, fields)) => fields.push(&field.node),
                        None => selected.push((key, vec![&field.node])),
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let is_here = condition.is_none_or(|condition| condition.node.on.node == type_of(of, parent));
                    if is_here && !self.is_skipped(&fragment.node.directives)? {
                        self.collect(of, parent, &fragment.node.selection_set.node, selected)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                    if let Some(fragment) = fragment
                        && fragment.node.type_condition.node.on.node == type_of(of, parent)
                        && !self.is_skipped(&spread.node.directives)?
                    {
                        self.collect(of, parent, &fragment.node.selection_set.node, selected)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn is_skipped(&self, directives: &[Positioned<Directive>]) -> Result<bool, Problem> {
        for directive in directives {
            let argument = directive.node.arguments.iter().find(|(name, _)| name.node == "if");
            let is_set = argument.and_then(|(_, value)| self.value(&value.node)) == Some(json!(true));
            match directive.node.name.node.as_str() {
                "include" if !is_set => return Ok(true),
                "skip" if is_set => return Ok(true),
                _ => {}
            }
        }
        Ok(false)
    }

    fn field(
        &self,
        field: &Field,
        selected: &[&Selected],
        parent: &Node,
        path: &mut Vec<String>,
    ) -> Result<Value, Problem> {
        let value = match field.resolve {
            None => parent.get(field.name).cloned().unwrap_or_default(),
            Some(resolve) => {
                let given = selected[0].arguments.iter();
                let given = given.filter_map(|(name, value)| Some((name.node.to_string(), self.value(&value.node)?)));
                let arguments: Map<String, Value> = given.collect();
                resolve(self.call, parent, &Arguments(&arguments))?
            }
        };
        let Some(returns) = field.returns else { return Ok(value) };
        let sets: Vec<&SelectionSet> = selected.iter().map(|field| &field.selection_set.node).collect();
        self.complete(returns, &sets, value, path)
    }

    /// Selects from an object, or from each object of a list; null stays null.
    fn complete(
        &self,
        of: &str,
        sets: &[&SelectionSet],
        value: Value,
        path: &mut Vec<String>,
    ) -> Result<Value, Problem> {
        match value {
            Value::Object(node) => self.object(of, sets, &node, None, path),
            Value::Array(list) => {
                let elements = list.into_iter().map(|element| self.complete(of, sets, element, path));
                elements.collect::<Result<_, _>>().map(Value::Array)
            }
            _ => Ok(Value::Null),
        }
    }

    /// Returns a literal as JSON; nothing for a variable that was not given.
    fn value(&self, literal: &Literal) -> Option<Value> {
        Some(match literal {
            Literal::Variable(name) => self.variables.get(name.as_str())?.clone(),
            Literal::Null => Value::Null,
            Literal::Number(number) => Value::Number(number.clone()),
            Literal::String(text) => Value::String(text.clone()),
            Literal::Boolean(flag) => Value::Bool(*flag),
            Literal::Binary(_) => Value::Null,
            Literal::Enum(name) => Value::String(name.to_string()),
            Literal::List(list) => {
                Value::Array(list.iter().map(|element| self.value(element).unwrap_or_default()).collect())
            }
            Literal::Object(object) => {
                let members: BTreeMap<String, Value> =
                    object.iter().filter_map(|(name, value)| Some((name.to_string(), self.value(value)?))).collect();
                Value::Object(members.into_iter().collect())
            }
        })
    }
}

/// Returns the type of an object: that of its field, or one of several that it names itself.
fn type_of<'n>(of: &'n str, node: &'n Node) -> &'n str {
    node.get("__typename").and_then(Value::as_str).unwrap_or(of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::testing::Bench;

    #[track_caller]
    fn check(query: &str, variables: Value, expect: Result<Value, (&str, &str)>) {
        let bench = Bench::new();
        let found = bench.run(query, &variables);
        match (found, expect) {
            (Ok(found), Ok(expect)) => assert_eq!(found["data"], expect),
            (Err(failed), Err((code, message))) => {
                assert_eq!(crate::problem::code(failed.problem.kind), code, "{}", failed.problem.message);
                assert!(failed.problem.message.contains(message), "{}", failed.problem.message);
            }
            (Ok(found), Err(_)) => panic!("{found}"),
            (Err(failed), Ok(_)) => panic!("{}", failed.problem.message),
        }
    }

    const INVALID: &str = "GRAPHQL_VALIDATION_FAILED";

    #[test]
    fn fields_are_selected_in_order_and_once() {
        check(
            "query X($a: MediaType!){labelingFrontends(where: {name: $a} skip: 0 first: 100){name name id n: name}}",
            json!({ "a": "Editor" }),
            Ok(json!({ "labelingFrontends": [
                { "name": "Editor", "id": "ceditor000000000000000001", "n": "Editor" }] })),
        );
        check(
            "{user{__typename isViewer}}",
            Value::Null,
            Ok(json!({ "user": { "__typename": "User", "isViewer": false } })),
        );
    }

    #[test]
    fn fragments_and_directives_are_followed() {
        check(
            "query ($yes: Boolean!){user{...f isViewer @skip(if: $yes) ... on User @include(if: $yes){isExternalUser}}} \
             fragment f on User {isViewer2: isViewer}",
            json!({ "yes": true }),
            Ok(json!({ "user": { "isViewer2": false, "isExternalUser": false } })),
        );
    }

    #[test]
    fn wrong_texts_are_refused_with_the_sentence_that_clients_test() {
        check("{user{", Value::Null, Err(("GRAPHQL_PARSE_FAILED", "Syntax Error:")));
        check("{user{moon}}", Value::Null, Err((INVALID, "Cannot query field \"moon\" on type \"User\".")));
        check("{moon}", Value::Null, Err((INVALID, "Cannot query field \"moon\" on type \"Query\".")));
        check("{user{id{x}}}", Value::Null, Err((INVALID, "has no subfields")));
        check("{user}", Value::Null, Err((INVALID, "must have a selection of subfields")));
        check("{dataset(where:{id:\"a\"}){_key}}", Value::Null, Err((INVALID, "Cannot query field \"_key\"")));
        check("{user{...none}}", Value::Null, Err((INVALID, "Unknown fragment \"none\".")));
        check("{a:user{id}} query b{user{id}}", Value::Null, Err(("GRAPHQL_PARSE_FAILED", "Syntax Error:")));
    }

    #[test]
    fn what_is_not_there_says_what_to_do_instead() {
        let check = |query: &str, expect: &str| {
            check(query, Value::Null, Err(("OPERATION_NOT_ALLOWED", expect)));
        };
        check("mutation{createModelFoundryApp(input:{}){id}}", "model_run.add_predictions");
        check("{user{id apiKeys{id}}}", "labelport key");
        check("{projectBoostWorkforce(data:{projectId:\"p\"}){id}}", "LabelImport");
        // Nothing else of the text is done.
        let bench = Bench::new();
        let query = "mutation{createDataset(data:{name:\"a\"}){id} syncExternalProject(input:{}){submissionId}}";
        assert!(bench.run(query, &Value::Null).is_err());
        let found = bench.run("{datasets{id}}", &Value::Null);
        assert!(matches!(found, Ok(found) if found["data"]["datasets"] == json!([])));
    }

    #[test]
    fn arguments_that_a_field_does_not_have_are_refused() {
        let check = |query: &str, expect: &str| check(query, Value::Null, Err((INVALID, expect)));
        let takes = "Unknown argument \"wher\" on field \"Query.datasets\"; it takes first, orderBy, skip, where.";
        check("{datasets(wher:{name:\"a\"}){id}}", takes);
        check("{datasets(first:1 wher:null){id}}", takes);
        check("{user{id(a:1)}}", "Unknown argument \"a\" on field \"User.id\"; it takes none.");
        check("{projects{ontology(where:{}){id}}}", "\"where\" on field \"Project.ontology\"; it takes none.");
        // What would work without it does nothing with it.
        let bench = Bench::new();
        let create = "mutation{createDataset(data:{name:\"a\"} dat:{description:\"b\"}){id}}";
        assert!(bench.run(create, &Value::Null).is_err());
        let found = bench.run("{datasets{id}}", &Value::Null);
        assert!(matches!(found, Ok(found) if found["data"]["datasets"] == json!([])));
        // Unused arguments of the SDK are accepted.
        assert!(bench.run("{iamIntegrations(skip:0){id}}", &Value::Null).is_ok());
    }

    #[test]
    fn deep_and_huge_texts_are_refused() {
        let inner = "createdBy{organization{projects{".repeat(12);
        let deep = format!("{{datasets{{{inner}id{}}}}}", "}".repeat(36));
        assert!(Bench::new().run(&deep, &Value::Null).is_err());
        let deep = "{a".repeat(100_000);
        assert!(Bench::new().run(&deep, &Value::Null).is_err());
        let huge = format!("{{user{{{}}}}}", "id ".repeat(FIELD_LIMIT));
        check(&huge, Value::Null, Err((INVALID, TOO_COMPLEX)));
        let endless = "{user{...f}} fragment f on User{...f}";
        assert!(Bench::new().run(endless, &Value::Null).is_err());
    }

    #[test]
    fn a_mutation_with_a_wrong_field_does_nothing() {
        let bench = Bench::new();
        let query = "mutation{createDataset(data:{name:\"a\"}){id moon}}";
        assert!(bench.run(query, &Value::Null).is_err());
        let found = bench.run("{datasets{id}}", &Value::Null);
        assert!(matches!(found, Ok(found) if found["data"]["datasets"] == json!([])));
    }

    #[test]
    fn what_a_mutation_does_not_find_is_reported_unless_it_is_a_removal() {
        let connect = "mutation{project(where:{id:\"p\"}){connectOntology(ontologyId:\"o\"){id}}}";
        check(connect, Value::Null, Err(("MALFORMED_REQUEST", "there is no project")));
        let delete = "mutation X($p: ID!){updateProject(where:{id:$p} data:{deleted:true}){id}}";
        check(delete, json!({ "p": "p" }), Err(("RESOURCE_NOT_FOUND", "there is no project")));
        check("{project(where:{id:\"p\"}){id}}", Value::Null, Err(("RESOURCE_NOT_FOUND", "there is no project")));
    }

    #[test]
    fn variables_that_are_not_given_are_absent() {
        let bench = Bench::new();
        let query = "mutation X($name: String!, $description: String){createDataset(data: {name: $name \
                     description: $description}){name description}}";
        let made = bench.run(query, &json!({ "name": "a" }));
        assert!(matches!(made, Ok(made) if made["data"]["createDataset"] == json!({ "name": "a", "description": "" })));
    }

    #[test]
    fn what_is_given_and_of_another_type_is_not_absent() {
        let check = |query: &str, expect: &str| {
            let failed = Bench::new().run(query, &Value::Null).err().map(|failed| failed.problem.message);
            assert_eq!(failed.as_deref(), Some(expect), "{query}");
        };
        let create = "mutation{createDataset(data:{name:\"a\" description:5}){id}}";
        check(create, "data.description is \"5\"; give a text");
        let create = "mutation{createProject(data:{name:\"a\" description:[]}){id}}";
        check(create, "data.description is \"[]\"; give a text");
        let create = "mutation{createProject(data:{name:\"a\" isConsensusEnabled:1}){id}}";
        check(create, "data.isConsensusEnabled is \"1\"; give true or false");
        let update = "mutation{updateDataset(where:{id:\"d\"} data:{deleted:1}){id}}";
        check(update, "data.deleted is \"1\"; give true or false");
        check("mutation{deleteDataRows(where:{dataRowIds:5}){id}}", "where.dataRowIds is \"5\"; give a list");
        check("mutation{deleteLabels(labelIds:[{}]){id}}", "labelIds[0] is \"{}\"; give a text");
        check(
            "mutation{assignGlobalKeysToDataRows(data:{assignInputs:[{globalKey:\"a\"}]}){jobId}}",
            "dataRowId is missing; give a text",
        );
        check("{ontologies(where:{search:1}){nextCursor}}", "where.search is \"1\"; give a text");
        check("{datasets(orderBy:1){id}}", "orderBy is \"1\"; give a text");
        check("{datasets(where:[1]){id}}", "where is \"[1]\"; give an object");
    }

    #[test]
    fn fields_that_write_are_for_writers_wherever_they_are() {
        let verbs = ["add", "connect", "create", "delete", "remove", "set", "show", "unset", "update"];
        for (of, field) in SCHEMA.inner_fields().filter(|(_, field)| field.resolve.is_some()) {
            let rest = verbs.iter().find_map(|verb| field.name.strip_prefix(verb));
            let is_order = rest.is_some_and(|rest| rest.starts_with(char::is_uppercase));
            assert_eq!(is_order, field.action == Some(Action::Write), "{of}.{}", field.name);
        }
        let bench = Bench::reader();
        labelport_engine::projects::project::create(&bench.workspace, &bench.caller, &json!({ "name": "p" })).unwrap();
        let query = "{projects{name createEmptyBatch(input:{name:\"b\"}){id}}}";
        assert!(matches!(bench.run(query, &Value::Null), Err(failed) if failed.problem.kind == ProblemKind::Forbidden));
        assert!(bench.run("{projects{name batches{nodes{id}}}}", &Value::Null).is_ok());
    }

    #[test]
    fn a_short_text_with_an_endless_answer_is_refused() {
        let bench = Bench::new();
        for number in 0..60 {
            let query = format!("mutation{{createProject(data:{{name:\"{number}\"}}){{id}}}}");
            assert!(bench.run(&query, &Value::Null).is_ok());
        }
        let query = "{projects{organization{projects{organization{projects{id}}}}}}";
        let found = bench.run(query, &Value::Null);
        assert!(matches!(found, Err(failed) if failed.problem.message == TOO_COMPLEX));
    }

    #[test]
    fn a_syntax_error_says_where_and_does_not_repeat_the_query() {
        let failed = Bench::new().run("{user\n(secret: \"hunter2\" {id}", &Value::Null).map(|_| ()).unwrap_err();
        let message = failed.problem.message;
        assert!(message.contains("at line 2, column") && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn a_fragment_on_the_other_root_is_refused() {
        let query = "query{...f} fragment f on Mutation{createDataset(data:{name:\"a\"}){id}}";
        check(query, Value::Null, Err((INVALID, "Fragment cannot be spread here")));
    }

    #[test]
    fn readers_may_export_and_change_nothing() {
        let bench = Bench::reader();
        let made = bench.run("mutation{createDataset(data:{name:\"a\"}){id}}", &Value::Null);
        assert!(matches!(made, Err(failed) if failed.problem.kind == ProblemKind::Forbidden));
        let query = "mutation X($input: E!){exportDataRowsInProject(input: $input){taskId}}";
        let failed = bench.run(query, &json!({ "input": { "filters": { "projectId": "p" } } }));
        assert!(matches!(failed, Err(failed) if failed.problem.kind == ProblemKind::Malformed));
    }
}
