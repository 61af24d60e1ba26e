//! `uv.lock` (version 1): packages and, from the project on, what depends on what under which markers.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Pin, Pins, Wanted};
use crate::capture::python::marker::{MarkerEnvironment, Truth};

#[derive(Deserialize)]
struct Lock {
    version: u64,
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    name: String,
    version: Option<String>,
    #[serde(default)]
    source: Source,
    #[serde(default)]
    resolution_markers: Vec<String>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    #[serde(default)]
    optional_dependencies: HashMap<String, Vec<Dependency>>,
    #[serde(default)]
    dev_dependencies: HashMap<String, Vec<Dependency>>,
}

impl Package {
    /// What only extras and groups want.
    fn chosen(&self) -> impl Iterator<Item = &Dependency> {
        self.optional_dependencies.values().chain(self.dev_dependencies.values()).flatten()
    }
}

/// Which of the keys is there says what kind of source it is.
#[derive(Deserialize, Default)]
struct Source {
    r#virtual: Option<String>,
    editable: Option<String>,
    directory: Option<String>,
}

impl Source {
    /// A member of the workspace: its version is whatever it is.
    const fn is_local(&self) -> bool {
        self.r#virtual.is_some() || self.editable.is_some() || self.directory.is_some()
    }

    fn is_project(&self) -> bool {
        self.r#virtual.as_deref() == Some(".") || self.editable.as_deref() == Some(".")
    }
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    version: Option<String>,
    marker: Option<String>,
    #[serde(default)]
    extra: Vec<String>,
}

pub(super) fn read(text: &str, _: &str, markers: &MarkerEnvironment) -> Result<Vec<Pins>, String> {
    let lock: Lock = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    if lock.version != 1 {
        return Err(format!("version {} is not known here", lock.version));
    }
    let packages = &lock.package;
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, package) in packages.iter().enumerate() {
        by_name.entry(&package.name).or_default().push(index);
    }
    let applies = |package: &Package| {
        let any = |so_far: Truth, marker: &String| so_far.or(markers.holds(marker));
        package.resolution_markers.is_empty()
            || package.resolution_markers.iter().fold(Truth::False, any) == Truth::True
    };
    let mut graph =
        Graph { packages, by_name, markers, applies: &applies, wanted: vec![Wanted::Elsewhere; packages.len()] };
    let projects = || packages.iter().filter(|package| package.source.is_project());
    graph.follow(projects().flat_map(|project| &project.dependencies), Wanted::Surely);
    // Extras and groups of the project and of the other members of its workspace.
    for member in packages.iter().filter(|package| package.source.is_local()) {
        graph.follow(member.dependencies.iter(), Wanted::Perhaps);
        graph.follow(member.chosen(), Wanted::Perhaps);
    }
    let pins = packages.iter().zip(&graph.wanted).map(|(package, wanted)| {
        let is_local = package.source.is_local();
        Pin {
            name: package.name.clone(),
            version: package.version.clone().filter(|_| !is_local),
            wanted: if is_local { Wanted::Elsewhere } else { *wanted },
        }
    });
    Ok(Pins::of_python(pins.collect()))
}

struct Graph<'a> {
    packages: &'a [Package],
    by_name: HashMap<&'a str, Vec<usize>>,
    markers: &'a MarkerEnvironment,
    applies: &'a dyn Fn(&Package) -> bool,
    wanted: Vec<Wanted>,
}

impl<'a> Graph<'a> {
    /// Everything that `dependencies` need is wanted as much, where its markers hold.
    fn follow(&mut self, dependencies: impl Iterator<Item = &'a Dependency>, wanted: Wanted) {
        let mut open: Vec<&Dependency> = dependencies.collect();
        // Each package with each of its extras is entered once: a ring of dependencies ends, too.
        let mut entered = std::collections::HashSet::new();
        while let Some(dependency) = open.pop() {
            let holds = dependency.marker.as_ref().is_none_or(|marker| self.markers.holds(marker) == Truth::True);
            if !holds {
                continue;
            }
            for index in self.by_name.get(dependency.name.as_str()).cloned().unwrap_or_default() {
                let package = &self.packages[index];
                let is_meant = match &dependency.version {
                    Some(version) => package.version.as_ref() == Some(version),
                    None => (self.applies)(package),
                };
                if !is_meant {
                    continue;
                }
                self.wanted[index] = self.wanted[index].max(wanted);
                if entered.insert((index, None)) {
                    open.extend(&package.dependencies);
                }
                for extra in &dependency.extra {
                    if entered.insert((index, Some(extra.as_str()))) {
                        open.extend(package.optional_dependencies.get(extra).into_iter().flatten());
                    }
                }
            }
        }
    }
}
