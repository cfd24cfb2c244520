"""People: roles in the organization and in projects, invites, user groups."""

from collections.abc import Iterator

import labelbox
import pytest
from labelbox.schema.role import ProjectRole

import versions
from serving import KEY, Server
from subjects import IMAGE
from versions import exceptions
from workspace import create_project

groups = pytest.mark.skipif(versions.GROUPS is None, reason="this version has no such method")
group_members = pytest.mark.skipif(not versions.GROUP_MEMBERS, reason="this version has no such method")
listed_invites = pytest.mark.skipif(not versions.INVITES_LISTED, reason="this version has no such method")
many_invites = pytest.mark.skipif(not versions.MANY_INVITES, reason="this version has no such method")
memberships = pytest.mark.skipif(not versions.MEMBERSHIPS_DELETED, reason="this version has no such method")


@pytest.fixture
def organization(client: labelbox.Client) -> labelbox.Organization:
    return client.get_organization()


@pytest.fixture
def project(client: labelbox.Client) -> labelbox.Project:
    return create_project(client, "staffed", IMAGE)


@pytest.fixture(scope="module")
def roles(client: labelbox.Client) -> dict[str, object]:
    return client.get_roles()


class Staff:
    """Users of a test, who are removed after it."""

    def __init__(self, client: labelbox.Client, server: Server) -> None:
        self.client = client
        self.server = server
        self.hired: list[str] = []

    def hire(self, name: str, role: str = "None") -> tuple[labelbox.User, labelbox.Client]:
        """Makes a key, and with it a user; returns the user and a client with the key."""
        email = f"{name}@example.test"
        key = self.server.run("key", "create", "--name", f"{name} {len(self.hired)}", "--user", email, "--role", role)
        self.hired.append(email)
        return self.find(email), self.server.client(KEY.search((key.stdout + key.stderr).decode())[0])

    def find(self, email: str) -> labelbox.User:
        return next(user for user in self.client.get_organization().users() if user.email == email)


@pytest.fixture
def staff(client: labelbox.Client, server: Server, organization: labelbox.Organization) -> Iterator[Staff]:
    hired = Staff(client, server)
    yield hired
    for user in organization.users():
        if user.email in hired.hired:
            organization.remove_user(user)


def test_a_user_gets_another_role(
    organization: labelbox.Organization, roles: dict, staff: Staff, client: labelbox.Client
) -> None:
    """Keys that may do more than the role are lowered; nobody changes the own role."""
    mara, her_client = staff.hire("mara", "Team Manager")
    assert (mara.org_role().name, mara.org_role().uid) == ("Team Manager", roles["TEAM_MANAGER"].uid)
    her_client.create_dataset(name="of mara").delete()
    mara.update_org_role(roles["REVIEWER"])
    assert mara.org_role().name == "Reviewer"
    with pytest.raises(exceptions.AuthorizationError, match="may not change anything"):
        her_client.create_dataset(name="of mara again")
    assert her_client.get_organization().uid == organization.uid
    mara.update_org_role(roles["ADMIN"])
    with pytest.raises(exceptions.AuthorizationError, match="may not change anything"):
        her_client.create_dataset(name="of mara again")
    mara.update_org_role(roles["LABELER"])
    with pytest.raises(exceptions.OperationNotAllowedException, match="user of the API key"):
        client.get_user().update_org_role(roles["LABELER"])
    assert mara.uid in {user.uid for user in organization.users()}


def test_a_user_is_removed(organization: labelbox.Organization, staff: Staff, client: labelbox.Client) -> None:
    """The keys end; what the user made still says who made it."""
    mara, her_client = staff.hire("mara", "Team Manager")
    dataset = her_client.create_dataset(name="of mara")
    organization.remove_user(mara)
    assert mara.uid not in {user.uid for user in organization.users()}
    with pytest.raises(exceptions.AuthenticationError):
        her_client.get_organization()
    left = client.get_dataset(dataset.uid)
    assert left.created_by().email == "mara@example.test"
    left.delete()
    with pytest.raises(exceptions.OperationNotAllowedException, match="user of the API key"):
        organization.remove_user(client.get_user())


def test_only_an_admin_manages_users(organization: labelbox.Organization, roles: dict, staff: Staff) -> None:
    """A Team Manager may change everything else."""
    _, her_client = staff.hire("mara", "Team Manager")
    hugo, _ = staff.hire("hugo")
    theirs = next(user for user in her_client.get_organization().users() if user.uid == hugo.uid)
    with pytest.raises(exceptions.AuthorizationError, match="manage keys and users"):
        theirs.update_org_role(roles["ADMIN"])
    with pytest.raises(exceptions.AuthorizationError, match="manage keys and users"):
        her_client.get_organization().remove_user(theirs)
    with pytest.raises(exceptions.AuthorizationError, match="manage keys and users"):
        her_client.get_organization().invite_user("new@example.test", roles["LABELER"])


def test_a_project_has_members(
    client: labelbox.Client, project: labelbox.Project, roles: dict, staff: Staff
) -> None:
    """Those with a role in the organization, and those with one in the project."""

    def members() -> dict[str, tuple[str, str]]:
        return {each.user().email: (each.role().name, each.access_from) for each in project.members()}

    hugo, _ = staff.hire("hugo")
    mine = members()
    assert mine[client.get_user().email] == ("Admin", "ORGANIZATION") and hugo.email not in mine
    hugo.upsert_project_role(project, roles["LABELER"])
    assert members() == {**mine, hugo.email: ("Labeler", "PROJECT_MEMBERSHIP")}
    hugo.upsert_project_role(project, roles["REVIEWER"])
    assert members() == {**mine, hugo.email: ("Reviewer", "PROJECT_MEMBERSHIP")}
    hugo.remove_from_project(project)
    assert members() == mine
    with pytest.raises(ValueError, match="not project based"):
        client.get_user().upsert_project_role(project, roles["LABELER"])


@memberships
def test_memberships_end_together(
    client: labelbox.Client, project: labelbox.Project, roles: dict, staff: Staff
) -> None:
    """All that are named, or none."""
    hugo, mara = staff.hire("hugo")[0], staff.hire("mara")[0]
    before = len(list(project.members()))
    hugo.upsert_project_role(project, roles["LABELER"])
    result = client.delete_project_memberships(project.uid, [hugo.uid, mara.uid])
    assert not result["success"] and mara.uid in result["errorMessage"]
    assert len(list(project.members())) == before + 1
    assert client.delete_project_memberships(project.uid, [hugo.uid]) == {"success": True, "errorMessage": None}
    assert len(list(project.members())) == before


def test_somebody_is_invited(
    organization: labelbox.Organization, project: labelbox.Project, roles: dict, staff: Staff, server: Server
) -> None:
    """Until a key is made for the address, which gives what was offered."""
    used = organization.invite_limit().used
    invite = organization.invite_user("Kai@example.test", roles["NONE"], [ProjectRole(project, roles["REVIEWER"])])
    assert (invite.email, invite.organization_role_name) == ("kai@example.test", "None")
    limit = organization.invite_limit()
    assert limit.used == used + 1 and limit.used + limit.remaining == limit.limit
    with pytest.raises(exceptions.ResourceConflict, match="invited already"):
        organization.invite_user("kai@example.test", roles["LABELER"])
    with pytest.raises(exceptions.MalformedQueryException, match="not an e-mail address"):
        organization.invite_user("kai", roles["LABELER"])
    kai, _ = staff.hire("kai", "Reader")
    assert kai.org_role().name == "None"
    member = next(member for member in project.members() if member.user().uid == kai.uid)
    assert (member.role().name, member.access_from) == ("Reviewer", "PROJECT_MEMBERSHIP")
    assert organization.invite_limit().used == used + 1
    with pytest.raises(exceptions.ResourceConflict, match="user of the workspace"):
        organization.invite_user("kai@example.test", roles["LABELER"])


@listed_invites
def test_invites_are_listed_and_canceled(
    organization: labelbox.Organization, project: labelbox.Project, roles: dict
) -> None:
    """Those of the organization, and those of one project."""
    general = organization.invite_user("lee@example.test", roles["LABELER"])
    special = organization.invite_user("ola@example.test", roles["NONE"], [ProjectRole(project, roles["REVIEWER"])])
    assert {each.email for each in organization.get_invites()} == {"lee@example.test", "ola@example.test"}
    [of_project] = organization.get_project_invites(project.uid)
    assert of_project.uid == special.uid
    assert [(each.project.uid, each.role.name) for each in of_project.project_roles] == [(project.uid, "REVIEWER")]
    assert general.cancel() and special.cancel()
    assert list(organization.get_invites()) == []
    assert not general.cancel()


@many_invites
def test_many_are_invited_at_once(organization: labelbox.Organization, roles: dict, client: labelbox.Client) -> None:
    """Each address has a result, which says that no mail is sent."""
    emails = ["uma@example.test", "UMA@example.test", "nobody", client.get_user().email]
    results = organization.invite_users(emails, roles["LABELER"])
    assert [each.status.value for each in results] == ["INVITED", "DUPLICATE", "INVALID_EMAIL", "ALREADY_MEMBER"]
    assert "no mail is sent" in results[0].reason and "labelport key create" in results[0].reason
    again = organization.invite_users(emails[:1], roles["LABELER"])
    assert again[0].status.value == "ALREADY_INVITED"
    for invite in organization.get_invites():
        invite.cancel()


def make_group(client: labelbox.Client, name: str, color: str = "BLUE", **parts) -> object:
    from labelbox.schema.user_group import UserGroup, UserGroupColor

    return UserGroup(client, name=name, color=UserGroupColor[color], **parts)


def with_members(users: list[labelbox.User], role: object) -> dict:
    """The members of a group, as a version of the SDK takes them."""
    if versions.GROUPS == "users":
        return {"users": set(users)}
    from labelbox.schema.user_group import UserGroupMember

    return {"members": {UserGroupMember(user, role) for user in users}}


def members_of(group: object) -> set[str]:
    if versions.GROUPS == "users":
        return {user.email for user in group.users}
    return {member.user.email for member in group.members}


def all_groups(client: labelbox.Client) -> list:
    if versions.GROUPS == "users":
        return list(make_group(client, "").get_user_groups())
    from labelbox.schema.user_group import UserGroup

    return list(UserGroup.get_user_groups(client, page_size=1))


@groups
def test_a_group_is_made_changed_and_deleted(
    client: labelbox.Client, project: labelbox.Project, roles: dict, staff: Staff
) -> None:
    """With members and projects, whose members its members are."""
    hugo, mara = staff.hire("hugo")[0], staff.hire("mara")[0]
    group = make_group(client, "night shift", projects={project}, **with_members([hugo], roles["REVIEWER"]))
    group.create()
    read = make_group(client, "", id=group.id).get()
    assert (read.name, read.color.value, {each.uid for each in read.projects}) == (
        "night shift",
        "9EC5FF",
        {project.uid},
    )
    assert members_of(read) == {hugo.email}
    member = next(member for member in project.members() if member.user().uid == hugo.uid)
    assert member.access_from == "USER_GROUP"
    other = make_group(client, "day shift", "PINK")
    other.create()
    assert [each.name for each in all_groups(client)] == ["night shift", "day shift"]
    changed = make_group(client, "late shift", "GREEN", id=group.id, **with_members([hugo, mara], roles["LABELER"]))
    changed.update()
    read.get()
    assert (read.name, read.color.name, read.projects, members_of(read)) == (
        "late shift",
        "GREEN",
        set(),
        {hugo.email, mara.email},
    )
    client.get_organization().remove_user(mara)
    assert members_of(read.get()) == {hugo.email}
    assert group.delete() and other.delete()
    assert all_groups(client) == []


@groups
def test_groups_that_are_none_are_refused(client: labelbox.Client) -> None:
    """A name that another has, no name, and an id that none has."""
    group = make_group(client, "only one")
    group.create()
    with pytest.raises(exceptions.ResourceCreationError, match="already"):
        make_group(client, "only one").create()
    other = make_group(client, "second")
    other.create()
    other.name = "only one"
    with pytest.raises(exceptions.ResourceConflict):
        other.update()
    with pytest.raises((ValueError, exceptions.ResourceCreationError)):
        make_group(client, " ").create()
    gone = make_group(client, "gone", id="00000000-0000-4000-8000-000000000000")
    for call in (gone.get, gone.delete):
        with pytest.raises(exceptions.ResourceNotFoundError):
            call()
    # Newer versions have another error for it.
    with pytest.raises((exceptions.ResourceNotFoundError, exceptions.UnprocessableEntityError)):
        gone.update()
    assert group.delete() and other.delete()


@group_members
def test_members_of_a_group_come_and_go(client: labelbox.Client, roles: dict, staff: Staff) -> None:
    """One by one, and from a list of addresses with a report."""
    from labelbox.schema.user_group import UserGroupMember
    from labelbox.schema.user_group_v2 import UserGroupV2

    hugo, mara = staff.hire("hugo")[0], staff.hire("mara")[0]
    group = make_group(client, "harbour")
    group.create()
    assert group.add_members([UserGroupMember(hugo, roles["LABELER"])]) == [hugo.uid]
    assert group.add_members([UserGroupMember(hugo, roles["REVIEWER"])]) == []
    assert [(each.user.uid, each.role.name) for each in group.list_members()] == [(hugo.uid, "LABELER")]
    with pytest.raises(exceptions.UnprocessableEntityError, match="has the role Admin"):
        group.add_members([UserGroupMember(client.get_user(), roles["LABELER"])])
    upload = UserGroupV2(client)
    report = upload.upload_members(group.id, "Reviewer", [hugo.email, mara.email, "nobody@example.test"])
    assert [(line.email, line.result, line.error) for line in report.lines] == [
        (hugo.email, "Not added", "Member already exists in group"),
        (mara.email, "Added", ""),
        ("nobody@example.test", "Not added", "User not found in the current organization"),
    ]
    assert [each.email for each in upload.export_members(group.id)] == [hugo.email, mara.email]
    assert group.remove_members([hugo])
    assert members_of(group.get()) == {mara.email}
    group.delete()
    with pytest.raises(exceptions.ResourceNotFoundError):
        group.remove_members([mara])
