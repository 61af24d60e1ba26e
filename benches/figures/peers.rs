//! `peers`: `big`, `family` and `many` with other tools, one after the other, each from an empty store.
//!
//! Every tool that is found takes part; the others are named. Each store step ends with `sync -f`, so that all pay for
//! durability; sources are in the page cache. DVC, oxen and hf-xet are looked for in the Python of `--python`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::files::{remove, size};
use crate::report::Figure;
use crate::run::Mlrun;
use crate::{data, family};

/// How one tool does it, in the words of a shell. `$V` names the version, `$R` a folder beside the work, `$T` where to
/// restore to, `$PY` the Python.
struct Peer {
    name: &'static str,
    /// Succeeds if the tool is there.
    there: &'static str,
    init: &'static str,
    add: &'static str,
    /// What finds out that nothing changed, where that is not `add`.
    again: Option<&'static str>,
    /// Where it keeps what it stores; none for what stores nothing.
    store: Option<&'static str>,
    restore: &'static str,
}

const XET: &str = r#"$PY -c 'import hf_xet,json,os,pathlib,sys
verb,store=sys.argv[1],pathlib.Path(sys.argv[2]).resolve()
os.environ.setdefault("HF_XET_CACHE",str(store/"cache"));end=f"local://{store}";seen=store/"latest.json"
if verb=="add":
  files=sorted(str(p) for p in pathlib.Path("data").rglob("*") if p.is_file())
  seen.write_text(json.dumps([[f,i.hash,i.file_size] for f,i in zip(files,hf_xet.upload_files(files,end,None,None,None,None))]))
else:
  to=pathlib.Path(sys.argv[3]);want=[]
  for f,h,n in json.loads(seen.read_text()):
    p=to/f;p.parent.mkdir(parents=True,exist_ok=True);want.append(hf_xet.PyXetDownloadInfo(str(p),h,n))
  hf_xet.download_files(want,end,None,None,None)'"#;
const OXEN: &str = r#"$PY -c 'import oxen,sys
repo=oxen.Repo(".");verb=sys.argv[1]
if verb=="init": oxen.user.config_user("bench","bench@example.org");repo.init()
elif verb=="restore": repo.restore("data")
else:
  repo.add("data")
  if verb=="commit": repo.commit(sys.argv[2])'"#;

const PEERS: [Peer; 9] = [
    Peer {
        name: "mlrun",
        there: "true",
        init: "$MLRUN init",
        add: "$MLRUN snapshot bench --files data",
        again: None,
        store: Some(".mlrun"),
        restore: "$MLRUN restore bench@latest --only model --to $T",
    },
    Peer {
        name: "cp",
        there: "true",
        init: "mkdir -p $R",
        add: "cp -r data $R/$V",
        again: Some("true"),
        store: Some("$R"),
        restore: "cp -r $R/v0 $T",
    },
    Peer {
        name: "sha256sum",
        there: "true",
        init: "true",
        add: "find data -type f -print0 | xargs -0 sha256sum",
        again: None,
        store: None,
        restore: "true",
    },
    Peer {
        name: "DVC",
        there: "$PY -c 'import dvc'",
        init: "git init -q . && $PY -m dvc init -q",
        add: "$PY -m dvc add -q data",
        again: None,
        store: Some(".dvc/cache"),
        restore: "rm -rf data && $PY -m dvc checkout -q",
    },
    Peer {
        name: "git-lfs",
        there: "git lfs version",
        init: "git init -q . && git lfs install --local && git lfs track '**/*.safetensors' '**/*.bin'",
        add: "git add -A && git commit -qm $V",
        again: Some("git add -A && git status -s"),
        store: Some(".git"),
        restore: "rm -rf data && git checkout -- data",
    },
    Peer {
        name: "restic",
        there: "restic version",
        init: "restic init -q -r $R",
        add: "restic backup -q -r $R data",
        again: None,
        store: Some("$R"),
        restore: "restic restore -q -r $R latest --target $T",
    },
    Peer {
        name: "borg",
        there: "borg --version",
        init: "borg init -e none $R",
        add: "borg create $R::$V data",
        again: None,
        store: Some("$R"),
        restore: "mkdir -p $T && cd $T && borg extract $R::$LAST",
    },
    Peer {
        name: "hf-xet",
        there: "$PY -c 'import hf_xet'",
        init: "mkdir -p $R",
        add: "$XET add $R",
        again: None,
        store: Some("$R"),
        restore: "$XET restore $R $T",
    },
    Peer {
        name: "Oxen",
        there: "$PY -c 'import oxen'",
        init: "$OXEN init",
        add: "$OXEN commit $V",
        again: Some("$OXEN add"),
        store: Some(".oxen"),
        restore: "rm -rf data && $OXEN restore",
    },
];

/// Runs them all; the table is what is printed, the figures are for the JSON.
pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let folder = &mlrun.folder;
    let made = |name: &str| folder.join("workloads").join(name);
    fs::create_dir_all(made("big"))?;
    data::bf16_model(&made("big").join("model.safetensors"))?;
    data::many_files(&made("many"))?;
    let versions = family::write(&made("family"), mlrun.weights())?;
    let workloads = [("big", vec![made("big")]), ("family", versions), ("many", vec![made("many")])];
    let mut figures = Vec::new();
    for peer in &PEERS {
        let mut shell = Shell::new(mlrun, folder);
        if shell.run(peer.there, folder).is_err() {
            println!("{} is not there", peer.name);
            continue;
        }
        for (workload, versions) in &workloads {
            match one(peer, &mut shell, folder, versions) {
                Ok(found) => {
                    for (what, unit, value) in found {
                        figures.push(Figure::new(format!("{workload}: {what}, {}", peer.name), unit, vec![value]));
                    }
                }
                Err(error) => println!("{workload}: {}: {error:#}", peer.name),
            }
        }
    }
    Ok(figures)
}

/// One tool, one line of versions: what was measured, its unit, its value.
fn one(
    peer: &Peer,
    shell: &mut Shell,
    folder: &Path,
    versions: &[PathBuf],
) -> Result<Vec<(&'static str, &'static str, f64)>> {
    let (work, scratch) = (folder.join("work"), ["work", "store", "restored"].map(|name| folder.join(name)));
    scratch.iter().try_for_each(|made| remove(made))?;
    fs::create_dir(&work)?;
    shell.set("R", &folder.join("store").display().to_string());
    shell.set("T", &folder.join("restored").display().to_string());
    shell.set("LAST", &format!("v{}", versions.len() - 1));
    shell.run(peer.init, &work)?;
    let (mut first, mut raw) = (0.0, 0);
    for (number, version) in versions.iter().enumerate() {
        remove(&work.join("data"))?;
        shell.run(&format!("cp -r {} data && sync -f .", version.display()), &work)?;
        shell.set("V", &format!("v{number}"));
        first += shell.run(&format!("{{ {}; }} && sync -f .", peer.add), &work)?;
        raw += size(version)?;
    }
    shell.set("V", "again");
    let mut found = vec![("store", "s", first)];
    found.push(("unchanged", "s", shell.run(peer.again.unwrap_or(peer.add), &work)?));
    if let Some(store) = peer.store {
        let place = if store == "$R" { folder.join("store") } else { work.join(store) };
        found.push(("stored", "×", size(&place)? as f64 / raw as f64));
        found.push(("restore", "s", shell.run(peer.restore, &work)?));
    }
    scratch.iter().try_for_each(|made| remove(made))?;
    Ok(found)
}

/// Runs command lines with what they need to know.
struct Shell {
    variables: BTreeMap<String, String>,
}

impl Shell {
    fn new(mlrun: &Mlrun, folder: &Path) -> Self {
        let mut variables = BTreeMap::new();
        let mut set = |name: &str, value: &str| variables.insert(name.to_owned(), value.to_owned());
        set("MLRUN", &mlrun.program().display().to_string());
        set("PY", &mlrun.python().display().to_string());
        set("GIT_CEILING_DIRECTORIES", &folder.display().to_string());
        set("RESTIC_PASSWORD", "bench");
        set("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes");
        set("DVC_NO_ANALYTICS", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            set(&format!("GIT_{who}_NAME"), "bench");
            set(&format!("GIT_{who}_EMAIL"), "bench@example.org");
        }
        Self { variables }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Seconds that a line takes.
    fn run(&self, line: &str, folder: &Path) -> Result<f64> {
        let line = line.replace("$XET", XET).replace("$OXEN", OXEN);
        let mut command = Command::new("sh");
        command.args(["-c", &line]).current_dir(folder).envs(&self.variables).stdin(Stdio::null());
        let start = Instant::now();
        let output = command.output()?;
        let took = start.elapsed().as_secs_f64();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            bail!("{}: {}", output.status, said.lines().last().unwrap_or_default());
        }
        Ok(took)
    }
}
