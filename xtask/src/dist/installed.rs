//! The step that installs the wheel where nothing else is, and uses it.
//!
//! The wheel holds a debug build, most of which is there already. It is built in both ways: as `cargo xtask dist` does, and
//! as `pip install .` does in a checkout.

use super::{Profile, empty, wheel};
use crate::python::{call, find_python, python_of};
use crate::step::{Step, Work, builder, target_folder};
use std::path::Path;
use std::process::Command;

pub(crate) const WHEEL_STEP: Step = Step {
    title: "The wheel in an empty environment",
    work: Work::Own(check),
    remedy: "`cargo xtask dist --check` runs this step alone. `pyproject.toml` says how the wheel is built, `xtask/requirements.txt` pins what builds it. Python 3.11 with \
             its `venv` module has to be there.",
};

/// Installs the wheel, runs the demo and an export from it, and removes everything.
fn check(root: &Path) -> Result<(), String> {
    let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
    let folder = target_folder(&root).join("wheel-test");
    let (environment, checkout, place) = (folder.join("empty"), folder.join("checkout"), folder.join("place"));
    for folder in [&folder, &checkout, &place] {
        empty(folder)?;
    }
    wheel::build(&root, &folder, None, Profile::Dev)?;
    call(Command::new(find_python()?).args(["-m", "venv"]).arg(&environment))?;
    let pip = |python: &Path| {
        let mut command = builder(python);
        command.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]);
        command
    };
    let python = python_of(&environment);
    call(pip(&python).args(["install", "--no-index"]).arg(wheel::find(&folder)?))?;
    let labelport = |arguments: &[&str]| {
        // Nothing of this machine is there for it.
        let mut command = Command::new(environment.join("bin").join("labelport"));
        call(command.args(arguments).current_dir(&place).env_clear().stdout(std::process::Stdio::null()))
    };
    labelport(&["demo"])?;
    let export = ["export", "project", "Lineside safety audit", "--format", "yolo", "--allow-lossy", "-o", "audit"];
    labelport(&[&["--data", "labelport-demo"], export.as_slice()].concat())?;
    labelport(&["verify", "audit"])?;
    if !place.join("audit").join("data.yaml").is_file() {
        return Err("the export from the wheel has no data.yaml".to_owned());
    }
    let options = ["wheel", "--no-index", "--no-deps", "--no-build-isolation"];
    let tools = wheel::tools(&root)?;
    let mut from_checkout = pip(&tools);
    // The backend starts maturin by its name.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = tools.parent().map(Path::to_path_buf).into_iter().chain(std::env::split_paths(&path));
    from_checkout.env("PATH", std::env::join_paths(folders).map_err(|error| error.to_string())?);
    from_checkout.args(options).arg("--config-settings=build-args=--profile=dev").arg("--wheel-dir").arg(&checkout);
    call(from_checkout.arg(&root))?;
    call(pip(&python).args(["install", "--no-index", "--force-reinstall"]).arg(wheel::find(&checkout)?))?;
    labelport(&["--version"])?;
    std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))
}
