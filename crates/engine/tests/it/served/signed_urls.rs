//! URLs that work without a key, and how they end.

use super::Served;
use labelport_engine::workspace::NewFile;
use labelport_store::tables::settings;

#[test]
fn a_new_secret_from_another_process_ends_every_signed_url_at_once() {
    let served = Served::new();
    let workspace = &served.workspace;
    let new = NewFile { id: "c0123456789abcdefghijklmn", name: "a.txt", content_type: None, created_by: None };
    let check = |url: &str| {
        // Not asked of the signer: that would make it read the secret.
        let (path, signature) = url.strip_prefix("http://served.test").unwrap().split_once("?signature=").unwrap();
        workspace.check_signature(path, None, Some(signature)).is_ok()
    };
    let old = workspace.keep_file(&new, b"a").unwrap();
    assert!(check(&old));
    // As another process does it: by the store alone.
    workspace
        .store()
        .write(|connection| settings::put(connection, settings::SIGNING_SECRET, "of another process"))
        .unwrap();
    assert!(!check(&old), "the secret of before is still used");
    let new = workspace.file_url(new.id, new.name);
    assert!(new != old && check(&new), "URLs are still signed with the secret of before");
    workspace.rotate_signing_secret().unwrap();
    assert!(!check(&new));
    assert!(check(&workspace.file_url("c0123456789abcdefghijklmn", "a.txt")));
    // A file of ours is recognised by its address, no matter who signed it.
    assert_eq!(workspace.find_own_file(&old).as_deref(), Some("c0123456789abcdefghijklmn"));
}
