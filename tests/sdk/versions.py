"""What differs between the versions of the SDK that the suite runs with.

A test asks for a feature by its name here, never for a number.
"""

import importlib.util
import inspect

import labelbox
import labelbox.types
from labelbox import MediaType

try:
    from labelbox import exceptions
except ImportError:
    # Version 7 moved them into a package of their own.
    from lbox import exceptions

__all__ = ["exceptions"]

# Some errors of the SDK are no `LabelboxError`.
SDK_ERRORS = (
    exceptions.LabelboxError,
    exceptions.MalformedQueryException,
    exceptions.OperationNotAllowedException,
)

VERSION = tuple(int(part) for part in labelbox.__version__.split("."))

# `export()` beside `export_v2()`, and streams under both.
STREAMS = VERSION >= (3, 56)
# Streams that are read by line or by offset, file by file: `get_stream()`.
STREAMS_BY_LINE = (3, 56) <= VERSION < (4,)
# Embeddings of one's own, and the parameter that exports them.
EMBEDDINGS = VERSION >= (3, 68)
# `client.get_catalog()`.
CATALOG = VERSION >= (3, 60)
# Rows are created and changed by manifests; before that, by one description file.
UPSERTS = VERSION >= (3, 60)
# Exports of the first format, and the converters that read them.
LEGACY = VERSION < (5,)
# What came with version 7: `client.cancel_task()`, lists of imports and slices, embeddings over GraphQL.
NEWEST = VERSION >= (7,)
CANCELS = NEWEST
# Batches only; before that a project says which way it is filled.
BATCHES_ONLY = VERSION >= (4,)
# The media type is part of what a project is created with. Version 7 has none for DICOM.
DICOM = hasattr(MediaType, "Dicom")
# Dataset exports have predictions.
DATASET_PREDICTIONS = VERSION >= (7,)
# The program in the README, which calls nothing that the newest version deprecates.
README_PROGRAM = VERSION >= (7,)
# Issues with comments and categories, and versions of labels, as objects.
ISSUES = hasattr(labelbox.Project, "create_issue")
# `client.upsert_label_feedback()`.
FEEDBACK = hasattr(labelbox.Client, "upsert_label_feedback")
# `project.get_overview()`, and of some batches.
OVERVIEWS = hasattr(labelbox.Project, "get_overview")
BATCH_OVERVIEWS = OVERVIEWS and "batch_ids" in inspect.signature(labelbox.Project.get_overview).parameters
# `project.get_resource_tags()`.
TAGS_READ_BACK = hasattr(labelbox.Project, "get_resource_tags")
# `client.get_labeling_service_dashboards()`.
DASHBOARDS = hasattr(labelbox.Client, "get_labeling_service_dashboards")
# User groups: with "users", or with "members" who have roles; none where a version has no groups.
try:
    from labelbox.schema.user_group import UserGroup

    GROUPS = "members" if "members" in inspect.signature(UserGroup.__init__).parameters else "users"
    GROUP_MEMBERS = hasattr(UserGroup, "add_members")
except ImportError:
    GROUPS, GROUP_MEMBERS = None, False
INVITES_LISTED = hasattr(labelbox.Organization, "get_invites")
MANY_INVITES = hasattr(labelbox.Organization, "invite_users")
MEMBERSHIPS_DELETED = hasattr(labelbox.Client, "delete_project_memberships")
# Configurations of models, and projects in which people evaluate them live.
MODEL_CONFIGS = hasattr(labelbox.Client, "create_model_config")
EVALUATIONS = MODEL_CONFIGS and hasattr(labelbox.Client, "create_model_evaluation_project")
# `client.create_prompt_response_generation_project()`.
PROMPTS = hasattr(labelbox.Client, "create_prompt_response_generation_project")
FOUNDRY = importlib.util.find_spec("labelbox.schema.foundry") is not None
# `organization.tasks()`.
ORGANIZATION_TASKS = any(each.name == "tasks" for each in labelbox.Organization.relationships())
# `client.get_model_slice()`, whose rows are read by id and global key.
try:
    from labelbox.schema.slice import ModelSlice

    MODEL_SLICES = hasattr(ModelSlice, "get_data_row_identifiers")
except ImportError:
    MODEL_SLICES = False
