//! People: roles that keys follow, memberships, invites and groups.

use super::{Served, cars, image};
use labelport_engine::people::group::{self, Members, Part, Wanted};
use labelport_engine::people::invite::{self, GroupRole, Invite, ProjectRole};
use labelport_engine::people::membership::{self, AccessFrom};
use labelport_engine::people::{role, user};
use labelport_engine::projects::project;
use labelport_engine::workspace::access::{Action, allow};
use labelport_model::problem::ProblemKind;

fn id_of(name: &str) -> String {
    role::find_by_name(name).unwrap().id
}

fn wanted(name: &str, members: Members) -> Wanted {
    Wanted { name: name.to_owned(), color: "9EC5FF".to_owned(), description: None, project_ids: Vec::new(), members }
}

#[test]
fn a_role_lowers_keys_and_raises_none() {
    let served = Served::new();
    let workspace = &served.workspace;
    let made = |key: &str| {
        let new = labelport_engine::workspace::api_keys::NewKey {
            email: "bob@example.test",
            name: key,
            role: key,
            time_zone: None,
            expires: None,
        };
        labelport_engine::workspace::api_keys::create(workspace, &new).unwrap().key
    };
    let keys = ["Admin", "Team Manager", "Reader", "None"].map(made);
    let may = |key: &str| {
        let caller = workspace.identify(Some(key)).unwrap();
        [Action::Read, Action::Write, Action::Administer].map(|action| allow(&caller, action).is_ok())
    };
    let bob = workspace.identify(Some(&keys[0])).unwrap().user;
    user::set_role(workspace, &served.caller, &bob.id, &id_of("Team Manager")).unwrap();
    let expect = [[true, true, false], [true, true, false], [true, false, false], [false; 3]];
    assert_eq!([0, 1, 2, 3].map(|index: usize| may(&keys[index])), expect);
    user::set_role(workspace, &served.caller, &bob.id, &id_of("Admin")).unwrap();
    assert_eq!([0, 1, 2, 3].map(|index: usize| may(&keys[index])), expect, "no key is raised");
    user::set_role(workspace, &served.caller, &bob.id, &id_of("None")).unwrap();
    assert_eq!([0, 1, 2, 3].map(|index: usize| may(&keys[index])), [[false; 3]; 4]);
    user::remove(workspace, &served.caller, &bob.id).unwrap();
    for key in &keys {
        assert_eq!(workspace.identify(Some(key)).unwrap_err().kind, ProblemKind::Unauthenticated);
    }
    let again = served.caller_with("bob@example.test", "Reader");
    assert_eq!((again.user.id, again.user.role.as_str()), (bob.id, "Reader"));
}

#[test]
fn the_last_admin_stays() {
    let served = Served::new();
    let (workspace, ana) = (&served.workspace, &served.caller);
    let bob = served.caller_with("bob@example.test", "Admin");
    let refuse = |outcome: Result<(), labelport_model::problem::Problem>| {
        assert_eq!(outcome.unwrap_err().kind, ProblemKind::NotAllowed);
    };
    refuse(user::remove(workspace, ana, &ana.user.id));
    refuse(user::set_role(workspace, ana, &ana.user.id, &id_of("Reader")).map(drop));
    user::set_role(workspace, &bob, &ana.user.id, &id_of("Reader")).unwrap();
    refuse(user::set_role(workspace, ana, &bob.user.id, &id_of("Reader")).map(drop));
    refuse(user::remove(workspace, ana, &bob.user.id));
    assert_eq!(user::set_role(workspace, ana, "nobody", &id_of("Reader")).unwrap_err().kind, ProblemKind::NotFound);
    assert_eq!(user::set_role(workspace, &bob, &ana.user.id, "nobody").unwrap_err().kind, ProblemKind::NotFound);
}

#[test]
fn an_invite_is_accepted_with_all_that_it_offers() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let ids = served.rows(&served.dataset("set"), &[image("g0")]);
    let [kept, gone] = ["kept", "gone"].map(|name| served.project(name, "IMAGE", &cars(), &ids));
    let group = group::create(workspace, caller, wanted("night", Members::Users(Vec::new()))).unwrap();
    let in_project = |id: &str| ProjectRole { project_id: id.to_owned(), role_id: id_of("Reviewer") };
    let offer = Invite {
        role_id: id_of("None"),
        projects: vec![in_project(&kept.id), in_project(&gone.id)],
        groups: vec![GroupRole { group_id: group.id.clone(), role_id: id_of("Labeler") }],
    };
    invite::create(workspace, caller, " Kai@Example.test ", offer.clone()).unwrap();
    let refuse = |email: &str, offer: Invite, kind: ProblemKind| {
        assert_eq!(invite::create(workspace, caller, email, offer).unwrap_err().kind, kind, "{email}");
    };
    refuse("KAI@example.test", offer.clone(), ProblemKind::Conflict);
    refuse("ana@example.test", offer.clone(), ProblemKind::Conflict);
    refuse("kai", offer.clone(), ProblemKind::Malformed);
    refuse("lee@example.test", Invite { role_id: id_of("Reader"), ..offer.clone() }, ProblemKind::Malformed);
    refuse("lee@example.test", Invite { projects: vec![in_project("nobody")], ..offer }, ProblemKind::NotFound);
    project::delete(workspace, &gone.id).unwrap();
    let kai = served.caller_with("kai@example.test", "Reader");
    assert!(invite::accept(workspace, &kai).unwrap());
    assert!(!invite::accept(workspace, &kai).unwrap());
    assert_eq!(invite::list(workspace).unwrap(), []);
    let members = membership::list(workspace, &kept.id).unwrap();
    let of_kai = members.iter().find(|member| member.user.id == kai.user.id).unwrap();
    assert_eq!((of_kai.role.name, of_kai.access, of_kai.user.role.as_str()), ("Reviewer", AccessFrom::Project, "None"));
    let part = Part { user_id: kai.user.id, role_id: id_of("Labeler") };
    assert_eq!(group::get(workspace, &group.id).unwrap().body.members, [part]);
}

#[test]
fn what_is_removed_leaves_no_membership() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let ids = served.rows(&served.dataset("set"), &[image("g0")]);
    let [one, two] = ["one", "two"].map(|name| served.project(name, "IMAGE", &cars(), &ids));
    let [bob, cy] = ["bob@example.test", "cy@example.test"].map(|email| served.caller_with(email, "None").user);
    for project in [&one, &two] {
        for user in [&bob, &cy] {
            membership::set(workspace, caller, &project.id, &user.id, &id_of("Labeler")).unwrap();
        }
    }
    let member_of = |project_id: &str| -> Vec<String> {
        let members = membership::list(workspace, project_id).unwrap().into_iter();
        members.filter(|member| member.access == AccessFrom::Project).map(|member| member.user.id).collect()
    };
    let refused = membership::set(workspace, caller, &one.id, &caller.user.id, &id_of("Labeler")).unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Malformed);
    user::remove(workspace, caller, &bob.id).unwrap();
    assert_eq!(member_of(&one.id), std::slice::from_ref(&cy.id));
    assert!(membership::delete(workspace, &one.id, &[cy.id.clone(), bob.id]).unwrap().is_some());
    assert_eq!(member_of(&one.id), std::slice::from_ref(&cy.id), "all or none");
    project::delete(workspace, &two.id).unwrap();
    membership::set(workspace, caller, &one.id, &cy.id, &id_of("None")).unwrap();
    assert_eq!(member_of(&one.id), Vec::<String>::new());
}

#[test]
fn groups_that_are_none_are_refused() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let bob = served.caller_with("bob@example.test", "None").user;
    let create = |wanted: Wanted| group::create(workspace, caller, wanted);
    let good = wanted("night", Members::Users(vec![bob.id.clone(), bob.id.clone()]));
    let made = create(good.clone()).unwrap();
    assert_eq!(made.body.members, [Part { user_id: bob.id.clone(), role_id: id_of("Labeler") }]);
    let check = |wanted: Wanted, kind: ProblemKind| assert_eq!(create(wanted).unwrap_err().kind, kind);
    check(good.clone(), ProblemKind::Conflict);
    check(Wanted { name: "  ".to_owned(), ..good.clone() }, ProblemKind::Malformed);
    let other = Wanted { name: "day".to_owned(), ..good };
    check(Wanted { color: "red".to_owned(), ..other.clone() }, ProblemKind::Malformed);
    check(Wanted { project_ids: vec!["nobody".to_owned()], ..other.clone() }, ProblemKind::Malformed);
    check(Wanted { members: Members::Users(vec!["nobody".to_owned()]), ..other.clone() }, ProblemKind::Malformed);
    let part = |user: &str, role: &str| Part { user_id: user.to_owned(), role_id: role.to_owned() };
    for wrong in [part("nobody", &id_of("Labeler")), part(&bob.id, "nobody"), part(&caller.user.id, &id_of("Labeler"))]
    {
        check(Wanted { members: Members::Parts(vec![wrong]), ..other.clone() }, ProblemKind::Malformed);
    }
    // Who is in a group keeps the role where a version of the SDK gives none.
    let with_role = wanted("night", Members::Parts(vec![part(&bob.id, &id_of("Reviewer"))]));
    group::update(workspace, &made.id, with_role).unwrap();
    let again = group::update(workspace, &made.id, wanted("late", Members::Users(vec![bob.id.clone()]))).unwrap();
    assert_eq!((again.name.as_str(), again.body.members), ("late", vec![part(&bob.id, &id_of("Reviewer"))]));
    assert_eq!(group::update(workspace, "nobody", other).unwrap_err().kind, ProblemKind::NotFound);
    assert_eq!(group::delete(workspace, "nobody").unwrap_err().kind, ProblemKind::NotFound);
}
