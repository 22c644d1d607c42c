//! `scripts/setup` on machines that lack something. It runs with a PATH and a HOME of its own, where package managers are
//! the test's, which write down what they are asked for; what root does to the system lands in the test's folder.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use uuid::Uuid;

use crate::docs::{captures, read, root};
use crate::support::command::text;

/// What every machine has, and the scripts use.
const TOOLS: [&str; 12] =
    ["awk", "cat", "chmod", "cut", "dirname", "mkdir", "mktemp", "rm", "sed", "sort", "tail", "tr"];

/// A machine with a compiler and PostgreSQL, without curl and jq; as bare as the scripts need it.
struct Machine(PathBuf);

/// How a script ended: its status and all that it said.
struct Ended {
    status: Option<i32>,
    said: String,
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where this machine keeps a program.
#[expect(clippy::disallowed_methods, reason = "where the machine's programs are")]
fn real(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.exists());
    found.unwrap_or_else(|| panic!("there is no {program}"))
}

impl Machine {
    /// One of this system (`Linux`, `Darwin`), with a cargo of this version if any.
    fn new(system: &str, cargo: Option<&str>) -> Self {
        let machine = Self(std::env::temp_dir().join(format!("doorward-machine-{}", Uuid::now_v7())));
        for folder in ["bin", "home", "pg", "usr/sbin", "etc"] {
            fs::create_dir_all(machine.0.join(folder)).unwrap();
        }
        for tool in TOOLS {
            symlink(real(tool), machine.0.join("bin").join(tool)).unwrap();
        }
        // What is piped into a bash is what root shall do.
        let (bash, at) = (real("bash"), machine.0.display());
        let moved = format!("sed -e 's#/usr/sbin/#{at}/usr/sbin/#g' -e 's#/etc/#{at}/etc/#g'");
        let bash = bash.display();
        machine.has("bash", &format!("[ \"$1\" = -s ] || exec {bash} \"$@\"\n{moved} | {bash} \"$@\""));
        machine.has("uname", &format!("echo {system}"));
        machine.has("cc", "cat >/dev/null");
        for program in ["pkg-config", "../pg/initdb", "../pg/postgres"] {
            machine.has(program, "exit 0");
        }
        if let Some(version) = cargo {
            machine.has("cargo", &format!("echo 'cargo {version} (0123456789 2026-01-01)'"));
        }
        machine
    }

    /// One that lacks nothing of what setup cannot do without, with Debian's package manager and this account.
    fn debian(account: u32) -> Self {
        let machine = Self::new("Linux", Some(&wanted()));
        machine.has("id", &format!("echo {account}"));
        machine.has_apt_get("");
        machine
    }

    /// An apt-get that knows no package `jq`. As the real one it then refuses the whole list; what it installs is a program.
    fn has_apt_get(&self, update: &str) {
        let script = "case $1 in update) UPDATE exit 0 ;; esac
[ -x \"$AT/usr/sbin/policy-rc.d\" ] && grep -q 'create_main_cluster = false' \"$AT/etc/postgresql-common/createcluster.conf\" ||
  echo 'apt-get would start services' >>\"$AT/asked\"
for package in \"$@\"; do
  case $package in jq) echo 'E: Unable to locate package jq'; exit 100 ;; esac
done
for package in \"$@\"; do
  case $package in -* | install) ;; *) echo '#!/bin/sh' >\"$AT/bin/$package\" && chmod 755 \"$AT/bin/$package\" ;; esac
done";
        self.has_asked("apt-get", &script.replace("UPDATE", update));
        symlink(real("grep"), self.0.join("bin/grep")).unwrap_or_default();
    }

    /// A program in its PATH.
    fn has(&self, name: &str, script: &str) {
        let file = self.0.join("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
    }

    /// The same, and it writes down what it is asked for.
    fn has_asked(&self, name: &str, script: &str) {
        let at = self.0.display();
        self.has(name, &format!("AT={at}\necho \"{name} $*\" >>\"$AT/asked\"\n{script}"));
    }

    /// What its package managers were asked for.
    fn asked(&self) -> String {
        fs::read_to_string(self.0.join("asked")).unwrap_or_default()
    }

    fn is_there(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }

    fn run(&self, script: &str, arguments: &[&str]) -> Ended {
        let mut command = Command::new(root().join(script));
        command.args(arguments).env_clear().current_dir(&self.0);
        command.env("PATH", self.0.join("bin")).env("HOME", self.0.join("home")).env("TMPDIR", &self.0);
        let ended = command.env("PG_BIN", self.0.join("pg")).output().unwrap();
        Ended { status: ended.status.code(), said: text(&ended.stdout) + &text(&ended.stderr) }
    }

    fn setup(&self) -> Ended {
        self.run("scripts/setup", &["demo"])
    }
}

impl Ended {
    #[track_caller]
    fn says(&self, words: &str) -> &Self {
        assert!(self.said.contains(words), "{words} is not in: {}", self.said);
        self
    }

    #[track_caller]
    fn with(&self, status: i32) -> &Self {
        assert_eq!(self.status, Some(status), "{}", self.said);
        self
    }
}

/// `rust-version` of Cargo.toml.
fn wanted() -> String {
    let found = captures(r#"(?m)^rust-version *= *"([0-9.]+)"#, &read("Cargo.toml"));
    found.into_iter().next().expect("Cargo.toml says it")
}

#[test]
fn without_cargo_every_way_in_says_so_before_anything_else() {
    let machine = Machine::new("Linux", None);
    machine.has_apt_get("");
    for (script, arguments) in [
        ("scripts/setup", &["demo"][..]),
        ("scripts/setup", &["test"]),
        ("scripts/demo", &[]),
        ("scripts/demo", &["--check"]),
    ] {
        let ended = machine.run(script, arguments);
        ended.with(1).says(&format!("cargo is missing. Install Rust {} or newer (https://rustup.rs)", wanted()));
        assert_eq!(ended.said.lines().count(), 1, "{}", ended.said);
    }
    assert_eq!(machine.asked(), "", "nothing was installed before");
}

#[test]
fn a_cargo_that_is_too_old_is_told_with_what_to_run() {
    let wanted = wanted();
    let (major, minor) = wanted.split_once('.').unwrap();
    let before = format!("{major}.{}.9", minor.parse::<u32>().unwrap() - 1);
    for old in [before.as_str(), "1.9.0", "0.99.0"] {
        let machine = Machine::new("Linux", Some(old));
        machine.has_apt_get("");
        let ended = machine.setup();
        ended.with(1).says(&format!("cargo is {old}, and this needs {wanted} or newer. Run: rustup update stable"));
        assert_eq!((ended.said.lines().count(), machine.asked()), (1, String::new()), "{}", ended.said);
    }
}

#[test]
fn where_nothing_is_missing_nothing_is_asked_for_and_nothing_is_said() {
    for cargo in [wanted(), format!("{}.1-nightly", wanted()), "2.0.0".to_owned()] {
        let machine = Machine::new("Linux", Some(&cargo));
        machine.has_apt_get("");
        for program in ["curl", "jq"] {
            machine.has(program, "exit 0");
        }
        let ended = machine.setup();
        ended.with(0);
        assert_eq!((ended.said.as_str(), machine.asked().as_str()), ("", ""), "with cargo {cargo}");
    }
}

#[test]
fn a_package_that_the_release_lacks_is_a_named_skip_and_the_others_are_installed_as_root_and_with_sudo() {
    for account in [0, 1000] {
        let machine = Machine::debian(account);
        machine.has_asked("sudo", "exec \"$@\"");
        let ended = machine.setup();
        ended.with(0).says("Installing: curl jq").says("SKIP jq: cannot be installed on this release");
        ended.says("E: Unable to locate package jq");
        assert!(machine.is_there("bin/curl") && !machine.is_there("bin/jq"), "{}", ended.said);
        let asked = machine.asked();
        assert_eq!(asked.contains("sudo bash -s"), account != 0, "{asked}");
        assert!(asked.contains("apt-get install -y -q --no-install-recommends curl\n"), "one by one: {asked}");
        assert!(!asked.contains("services"), "no service is started, no cluster made: {asked}");
        assert!(!machine.is_there("usr/sbin/policy-rc.d"), "and afterwards services start as before");

        let again = machine.setup();
        again.with(0).says("Installing: jq").says("SKIP jq");
    }
}

#[test]
fn lists_that_cannot_be_fetched_stop_nothing() {
    let machine = Machine::debian(0);
    machine.has_apt_get("exit 100;");
    machine.has("jq", "exit 0");
    machine.setup().with(0).says("apt-get update failed; trying with the lists that are here.");
    assert!(machine.is_there("bin/curl"));
}

#[test]
fn without_root_and_sudo_it_says_what_to_ask_for_and_goes_on() {
    let machine = Machine::debian(1000);
    let ended = machine.setup();
    ended.with(0).says("neither root nor sudo is here. Ask for: apt-get install --no-install-recommends curl jq");
    assert_eq!(machine.asked(), "");
}

#[test]
fn homebrew_installs_what_it_has_and_a_missing_compiler_is_told_with_what_to_run() {
    let machine = Machine::new("Darwin", Some(&wanted()));
    let install =
        "case \"$*\" in *jq) exit 1 ;; *curl) echo '#!/bin/sh' >\"$AT/bin/curl\" && chmod 755 \"$AT/bin/curl\" ;; esac";
    machine.has_asked("brew", install);
    fs::remove_file(machine.0.join("bin/cc")).unwrap();
    let ended = machine.setup();
    ended.says("SKIP cc (the compiler for the C parts of the dependencies)").says("xcode-select --install");
    ended.says("SKIP jq: cannot be installed");
    ended.with(1).says("There is no C compiler (cc)");
    assert_eq!(machine.asked(), "brew install --quiet curl\nbrew install --quiet jq\n");
    assert!(machine.is_there("bin/curl"));

    machine.has("cc", "cat >/dev/null");
    machine.setup().with(0).says("SKIP jq: cannot be installed");
}

#[test]
fn where_there_is_no_package_manager_it_names_what_is_missing_and_why() {
    let machine = Machine::new("Linux", Some(&wanted()));
    let ended = machine.setup();
    ended.with(0).says("Install them with this system's package manager");
    ended.says("  curl: the walk through the API").says("  jq: reads its answers");
    let usage = machine.run("scripts/setup", &["everything"]);
    usage.with(1).says("usage: scripts/setup demo|test");
}

#[test]
fn every_way_in_begins_with_setup() {
    let makefile = read("Makefile");
    for (target, first) in [
        ("demo", "@scripts/demo"),
        ("demo-check", "@scripts/demo --check"),
        ("test", "@scripts/setup test"),
        ("check", "@scripts/setup test"),
    ] {
        let recipe = makefile.split_once(&format!("\n{target}:")).expect(target).1;
        assert_eq!(recipe.lines().nth(1).map(str::trim), Some(first), "make {target}");
    }
    let demo = read("scripts/demo");
    let setup = demo.find("\nscripts/setup demo\n").expect("it sets up");
    assert!(setup < demo.find("\ncargo ").expect("it builds"), "before it builds");
}
