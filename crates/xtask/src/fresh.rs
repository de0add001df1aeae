//! `cargo xtask fresh`: `test` and `demo` as somebody with a new machine would meet them: a bare
//! Debian root made by debootstrap, the Rust toolchain copied in, a clone of what is committed.
//!
//! Everything is mounted in a mount namespace of its own and runs in a process namespace of its
//! own: whatever ends it, nothing stays mounted and nothing goes on running.

mod apt;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::command::Plan;
use crate::stop::{Doing, Result, Stop};
use crate::{packages, process};

pub(crate) fn run(plan: &Plan) -> Result<ExitCode> {
    packages::ensure_root("cargo xtask fresh")?;
    packages::ensure(&["fresh"])?;
    let root = match &plan.dir {
        Some(dir) => dir.clone(),
        None => env::current_dir().doing("this folder")?.join("target/fresh"),
    };
    make_root(&root)?;
    clone_into(&root)?;

    let mut tasks = plan.tasks.clone();
    if plan.again {
        tasks.push(AGAIN);
    }
    let mut lines = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for task in tasks {
        if task == AGAIN {
            clone_into(&root)?;
        }
        println!("\n==== fresh: {task}");
        let start = Instant::now();
        let result = process::run(&mut inside(&root, task));
        let seconds = start.elapsed().as_secs_f64();
        let verdict = match result {
            Ok(()) => "ok",
            Err(_) => {
                code = ExitCode::FAILURE;
                "FAILED"
            }
        };
        lines.push(format!("{task:<40} {seconds:>8.1} s  {verdict}"));
    }
    println!("\nin the bare root {}:\n{}", root.display(), lines.join("\n"));
    Ok(code)
}

/// The second `test`: a new clone, the caches of the first.
const AGAIN: &str = "test (new clone, same caches)";

fn make_root(root: &Path) -> Result<()> {
    let sources = apt::sources(Path::new("/etc/apt"))?;
    let mirror = apt::mirror(&sources, SUITE).ok_or_else(|| {
        Stop::new(format!("no mirror for {SUITE} in /etc/apt: this needs a Debian 12 host"))
    })?;
    if root.exists() {
        if !root.join(MARK).is_file() && fs::read_dir(root).doing(root.display())?.next().is_some()
        {
            return Err(Stop::new(format!(
                "{} is not a bare root made here: it stays",
                root.display()
            )));
        }
        process::run(process::command("rm").args(["-rf", "--one-file-system"]).arg(root))?;
    }
    fs::create_dir_all(root).doing(root.display())?;
    fs::write(root.join(MARK), "").doing(MARK)?;
    println!("debootstrap into {}", root.display());
    let mut debootstrap = process::command("debootstrap");
    process::run(debootstrap.args(["--variant=minbase", SUITE]).arg(root).arg(mirror))?;

    let list = apt::list(&sources, SUITE);
    fs::write(root.join("etc/apt/sources.list"), list).doing("write sources.list")?;
    copy_toolchain(&root.join("root"))?;
    copy_network_settings(root)
}

/// The toolchain of this process and rustup's proxies, as rustup lays them out.
fn copy_toolchain(home: &Path) -> Result<()> {
    let sysroot = process::output(process::command("rustc").args(["--print", "sysroot"]))?;
    let sysroot = PathBuf::from(sysroot.trim());
    let name = sysroot.file_name().and_then(|name| name.to_str()).unwrap_or("stable").to_owned();
    let to = home.join(".rustup/toolchains").join(&name);
    fs::create_dir_all(&to).doing(to.display())?;
    for entry in fs::read_dir(&sysroot).doing(sysroot.display())? {
        let entry = entry.doing(sysroot.display())?;
        // The documentation is as large as the rest.
        if entry.file_name() != "share" {
            copy(&entry.path(), &to)?;
        }
    }
    let settings = format!("version = \"12\"\ndefault_toolchain = \"{name}\"\n\n[overrides]\n");
    fs::write(home.join(".rustup/settings.toml"), settings).doing("write rustup's settings")?;

    let cargo_home = env::var_os("CARGO_HOME")
        .map_or_else(|| env::home_dir().unwrap_or_default().join(".cargo"), PathBuf::from);
    fs::create_dir_all(home.join(".cargo")).doing("make .cargo")?;
    copy(&cargo_home.join("bin"), &home.join(".cargo"))?;
    let config = cargo_home.join("config.toml");
    if config.exists() { copy(&config, &home.join(".cargo")) } else { Ok(()) }
}

/// How this host reaches its mirrors and registries: names, and certificates of its own.
fn copy_network_settings(root: &Path) -> Result<()> {
    for path in [
        "etc/resolv.conf",
        "etc/hosts",
        "etc/ssl/certs/ca-certificates.crt",
        "usr/local/share/ca-certificates",
    ] {
        let from = Path::new("/").join(path);
        let into = root.join(path);
        let into = into.parent().unwrap_or(root);
        if from.exists() {
            fs::create_dir_all(into).doing(into.display())?;
            copy(&fs::canonicalize(&from).doing(from.display())?, into)?;
        }
    }
    Ok(())
}

/// What is committed, without what lies about in the work tree.
fn clone_into(root: &Path) -> Result<()> {
    let clone = root.join(CLONE.trim_start_matches('/'));
    if clone.exists() {
        fs::remove_dir_all(&clone).doing(clone.display())?;
    }
    let mut git = process::command("git");
    process::run(git.args(["clone", "--quiet", "--no-local", "."]).arg(&clone))
}

fn copy(from: &Path, into: &Path) -> Result<()> {
    process::run(
        process::command("cp")
            .args(["--archive", "--no-target-directory"])
            .arg(from)
            .arg(into.join(from.file_name().unwrap_or_default())),
    )
}

/// `cargo xtask TASK` in the bare root.
fn inside(root: &Path, task: &str) -> Command {
    let word = task.split(' ').next().unwrap_or_default();
    let mut command = process::command("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", SCRIPT, "sh"]);
    command.arg(root).args([CLONE, word]);
    command.env_clear().envs(env::vars_os().filter(|(name, _)| is_the_hosts(name)));
    command.env("HOME", "/root").env("CI", "true");
    command.env(
        "PATH",
        "/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    );
    command
}

/// Whether a variable says something about the host's network, and not about this cargo or this
/// user. (Mirrors, proxies and certificates are named by many variables, so the others are listed.)
fn is_the_hosts(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    let ours =
        ["CARGO_PKG_", "CARGO_BIN_", "CARGO_MANIFEST_", "GEMEL_", "XDG_", "GIT_DIR", "GIT_WORK"];
    let own = [
        "CARGO",
        "CARGO_HOME",
        "CARGO_INCREMENTAL",
        "CARGO_TARGET_DIR",
        "LD_LIBRARY_PATH",
        "OLDPWD",
        "OUT_DIR",
        "PWD",
        "RUSTFLAGS",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
        "TMPDIR",
    ];
    !own.contains(&&*name) && !ours.iter().any(|prefix| name.starts_with(prefix))
}

const SUITE: &str = "bookworm";

/// Where a user would have cloned to.
const CLONE: &str = "/root/gemel";

/// Says that a folder may be thrown away.
const MARK: &str = ".gemel-fresh";

/// The arguments are the bare root, the clone in it, and the task. The root of a machine is a mount
/// point, which `ip -n` counts on.
const SCRIPT: &str = r#"
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount -t sysfs sys "$1/sys"
mount --rbind /dev "$1/dev"
mount -t tmpfs -o mode=0755 run "$1/run"
exec chroot "$1" sh -c 'cd "$1" && exec cargo xtask "$2"' sh "$2" "$3"
"#;

#[cfg(test)]
mod tests;
