"""What an installed version of the SDK can ask a server for, read from its sources without running it.

Texts of GraphQL are string literals, put together with `%`, `+`, f-strings and the texts that the function around them
gives names to. What cannot be known in this way stands as `UNKNOWN`, and so do placeholders of templates. The texts that
the object layer makes are read from the classes of the objects.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import labelbox
from labelbox.orm.db_object import BulkDeletable, Deletable, Updateable
from labelbox.orm.model import Entity, Relationship

UNKNOWN = "UNKNOWN"
OPERATION = re.compile(r"^\s*(query|mutation)\b[^{]*\{", re.DOTALL)
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.|[A-Za-z_]\w*|[{}():@]')
# The module whose texts are templates for all objects, and the one that counts on others to fill them.
TEMPLATES = "query.py"
METHODS = {"get", "post", "put", "patch", "delete"}
REST = "<rest>"
PERFORMANCE = "performance.py"
EMBEDDINGS = "/adv/v1/embeddings"


@dataclass(frozen=True)
class Selected:
    """A field of a text, with what is selected of it, and the type that a fragment says it is of."""

    name: str
    on: str | None
    inner: tuple["Selected", ...]


@dataclass(frozen=True)
class Operation:
    kind: str
    fields: tuple[Selected, ...]
    place: str


@dataclass(frozen=True)
class Call:
    """A method and a path of REST, with `{id}` where it names an object."""

    method: str
    path: str
    place: str


def sources() -> list[Path]:
    """The files of the SDK that can talk to a server. Its data types, which are many, do not."""
    folder = Path(labelbox.__file__).parent
    folders = [each for each in (folder, folder.parent / "lbox") if each.is_dir()]
    found = [path for each in folders for path in sorted(each.rglob("*.py"))]
    return [path for path in found if folder / "data" not in path.parents]


def operations() -> list[Operation]:
    """Every operation that has a text in the sources."""
    found = []
    for path in sources():
        if path.name == TEMPLATES:
            continue
        for line, _, text in texts(path):
            match = OPERATION.match(text)
            if match:
                found.append(Operation(match[1], parse(text[match.end() - 1 :]), f"{path.name}:{line}"))
    return found


def parse(text: str) -> tuple[Selected, ...]:
    """The fields of a selection. What stands for a name that is not known is left out."""
    tokens = TOKEN.findall(text)

    def after_arguments(at: int) -> int:
        if at >= len(tokens) or tokens[at] != "(":
            return at
        depth = 0
        while at < len(tokens):
            depth += (tokens[at] == "(") - (tokens[at] == ")")
            at += 1
            if depth == 0:
                break
        return at

    def selection(at: int, on: str | None) -> tuple[int, list[Selected]]:
        """Reads from an opening brace to after its end."""
        found: list[Selected] = []
        at += 1
        while at < len(tokens) and tokens[at] != "}":
            token = tokens[at]
            if token == "...":
                at, inner = selection(at + 3, tokens[at + 2])
                found += inner
                continue
            if not (token[0].isalpha() or token[0] == "_"):
                at += 1
                continue
            at += 1
            if at < len(tokens) and tokens[at] == ":":
                token, at = tokens[at + 1], at + 2
            at = after_arguments(at)
            while at < len(tokens) and tokens[at] == "@":
                at = after_arguments(at + 2)
            inner = []
            if at < len(tokens) and tokens[at] == "{":
                at, inner = selection(at, None)
            # No field has an underscore; placeholders of templates do.
            if UNKNOWN not in token and "_" not in token:
                found.append(Selected(token, on, tuple(inner)))
        return at + 1, found

    return tuple(selection(0, None)[1])


def rest_calls() -> list[Call]:
    """Every call of REST, with the method that the function around the path calls."""
    found = set()
    for path in sources():
        for line, function, text in texts(path):
            address = next((text[text.index(root) :] for root in (REST, EMBEDDINGS) if root in text), None)
            if path.name == PERFORMANCE and re.match(r"^/(projects|workspace|metrics)", text):
                address = f"{REST}/performance{text}"
            # The one place that puts all addresses of performance together knows none of them.
            if address is None or address in (REST, f"{REST}/performance{UNKNOWN}"):
                continue
            address = address.replace(REST, "/api/v1").replace(EMBEDDINGS, "/adv" + EMBEDDINGS)
            address = re.sub(rf"(?:{UNKNOWN})+", "{id}", address.partition("?")[0])
            for method in methods_of(function):
                found.add(Call(method, address, f"{path.name}:{line}"))
    return sorted(found, key=lambda call: (call.path, call.method, call.place))


def methods_of(function: ast.AST | None) -> list[str]:
    """The methods of HTTP that a function uses; of one that only makes an address, that of who opens it."""
    found = []
    for node in ast.walk(function) if function else []:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner, name = ast.unparse(node.func.value), node.func.attr
            if name in METHODS and owner.endswith(("connection", "requests", "session")):
                found.append(name.upper())
            elif name == "_request" and node.args and isinstance(node.args[0], ast.Constant):
                found.append(node.args[0].value)
            elif name == "_send_ndjson":
                found.append("PUT")
    return found or ["GET"]


def texts(path: Path) -> Iterator[tuple[int, ast.AST | None, str]]:
    """Every text that a file puts together, with its line and the function that it is in."""
    tree = ast.parse(path.read_text())
    seen: set[int] = set()
    constants = bindings(tree.body)

    def visit(node: ast.AST, function: ast.AST | None, names: dict) -> Iterator[tuple[int, ast.AST | None, str]]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function, names = node, {**names, **bindings(list(ast.walk(node)))}
        if isinstance(node, ast.BinOp | ast.JoinedStr | ast.Constant) and id(node) not in seen:
            text = evaluate(node, names)
            if text is not None:
                seen.update(id(each) for each in ast.walk(node))
                yield node.lineno, function, text
        for child in ast.iter_child_nodes(node):
            yield from visit(child, function, names)

    yield from visit(tree, None, constants)


def bindings(nodes: list[ast.AST]) -> dict[str, list[tuple[int, str]]]:
    """The names that are given texts, each with the lines where."""
    found: dict[str, list[tuple[int, str]]] = {}
    assignments = [node for node in nodes if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)]
    for node in sorted(assignments, key=lambda node: node.lineno):
        text = evaluate(node.value, found)
        if text is not None:
            found.setdefault(node.targets[0].id, []).append((node.lineno, text))
    return found


def evaluate(node: ast.AST, names: dict) -> str | None:
    """A text, as far as it is known; nothing for what is not a text."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Attribute(attr="rest_endpoint"):
            return REST
        case ast.Name(id=name):
            given = [text for line, text in names.get(name, []) if line <= node.lineno]
            return given[-1] if given else None
        case ast.JoinedStr(values=values):
            return "".join(part(value, names) for value in values)
        case ast.FormattedValue(value=value):
            return part(value, names)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [evaluate(left, names), evaluate(right, names)]
            return None if parts == [None, None] else "".join(each or UNKNOWN for each in parts)
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            text = evaluate(left, names)
            values = right.elts if isinstance(right, ast.Tuple) else [right]
            return None if text is None else fill(text, [part(value, names) for value in values])
        case _:
            return None


def part(node: ast.AST, names: dict) -> str:
    """A part of a text. What the object layer selects of an object has an id."""
    if isinstance(node, ast.Call) and "results_query_part" in ast.unparse(node.func):
        return "id"
    return evaluate(node, names) or UNKNOWN


def fill(text: str, values: list[str]) -> str:
    left = iter(values)
    return re.sub(r"%(?:%|[sd])", lambda match: "%" if match[0] == "%%" else next(left, UNKNOWN), text)


def entities() -> list[type]:
    """The classes of objects that the SDK reads and changes with texts that it makes."""
    return [each for each in subclasses(Entity) if each.__module__.startswith("labelbox.schema")]


def subclasses(of: type) -> list[type]:
    found = {each for sub in of.__subclasses__() for each in (sub, *subclasses(sub))}
    return sorted(found, key=lambda each: each.__name__)


def made_operations() -> list[Operation]:
    """What the object layer makes: the relations, changes and deletions of every class, and what it selects of each."""
    found = []

    def add(kind: str, name: str, inner: tuple, place: str) -> None:
        found.append(Operation(kind, (Selected(name, None, inner),), place))

    for entity in entities():
        name = entity.type_name()
        own = name[0].lower() + name[1:]
        fields = tuple(Selected(field.graphql_name, None, ()) for field in entity.fields())
        for relation in entity.relationships():
            other = relation.destination_type_name
            selected = [each for each in entities() if each.type_name() == other]
            wanted = tuple(Selected(f.graphql_name, None, ()) for each in selected for f in each.fields())
            is_lazy = relation.relationship_type in (Relationship.Type.ToOne, Relationship.Type.ToMany)
            if is_lazy and not relation.cache:
                inner = Selected(relation.graphql_name, None, wanted)
                add("query", own, (inner,), f"{name}.{relation.name}()")
        if issubclass(entity, Updateable):
            add("mutation", f"update{name}", fields, f"{name}.update()")
        if issubclass(entity, Deletable):
            add("mutation", f"update{name}", fields[:0], f"{name}.delete()")
        if issubclass(entity, BulkDeletable):
            add("mutation", f"delete{name}s", fields[:0], f"{name}.bulk_delete()")
    return found
