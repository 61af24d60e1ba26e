//! Keras' files: a zip with `config.json` (layers, and what the model was compiled with) and `metadata.json`.
//!
//! A `Lambda` layer holds Python's code as bytes, and so may any object whose class Keras did not register: loading the
//! first runs it, loading the second imports it.

use serde_json::Value;

use super::Finding;
use super::param::{Param, Params, dotted};
use super::pickle::imports::{self, Danger, Import};
use super::xgboost::param;

/// Layers in layers, at most.
const MAX_DEPTH: usize = 60;

/// What a configuration says.
#[derive(Default)]
pub(super) struct Model {
    pub(super) class: Option<String>,
    pub(super) found: Params,
    pub(super) imports: Vec<Import>,
    pub(super) findings: Vec<Finding>,
}

/// Reads `config.json`.
pub(super) fn model(config: &Value) -> Model {
    let mut model = Model { class: class(config), ..Model::default() };
    model.walk(config, "", 0);
    model.imports.sort();
    model.imports.dedup();
    model
}

/// The version that `metadata.json` names.
pub(super) fn version(metadata: &Value) -> Option<String> {
    metadata.get("keras_version")?.as_str().map(str::to_owned)
}

fn class(object: &Value) -> Option<String> {
    let name = object.get("class_name")?.as_str()?;
    Some(object.get("module").and_then(Value::as_str).map_or_else(|| name.to_owned(), |module| dotted(module, name)))
}

impl Model {
    /// Every scalar below `value` by its path, in which a layer stands by its name.
    fn walk(&mut self, value: &Value, path: &str, depth: usize) {
        if depth == MAX_DEPTH {
            self.found.limit = Some(super::Limit::Depth);
            return;
        }
        if !self.found.is_name(path) {
            return;
        }
        match value {
            Value::Object(parts) => {
                self.object(value, path);
                for (name, part) in parts {
                    // These say of which class an object is, and how it was built: nobody chose them.
                    if !matches!(name.as_str(), "build_config" | "class_name" | "module" | "name" | "registered_name") {
                        // What is configured is the object itself: no part of its path.
                        let below = if name == "config" && parts.contains_key("class_name") {
                            path.to_owned()
                        } else {
                            join(path, name)
                        };
                        self.walk(part, &below, depth + 1);
                    }
                }
            }
            Value::Array(all) if all.iter().any(Value::is_object) => {
                for (place, part) in all.iter().enumerate() {
                    let name = part.get("config").and_then(|config| config.get("name")).and_then(Value::as_str);
                    self.walk(part, &join(path, name.unwrap_or(&place.to_string())), depth + 1);
                }
            }
            plain => {
                let length = if let Value::String(text) = plain { text.len() } else { 0 };
                if self.found.room(length) {
                    self.found.param(path.to_owned(), param(plain));
                }
            }
        }
    }

    fn object(&mut self, object: &Value, path: &str) {
        let Some(name) = object.get("class_name").and_then(Value::as_str) else { return };
        let module = object.get("module").and_then(Value::as_str);
        if matches!(name, "Lambda" | "__lambda__") {
            self.findings.push(Finding::Lambda { layer: path.to_owned() });
        }
        if !path.is_empty()
            && let Some(class) = class(object)
            && self.found.room(class.len())
        {
            self.found.param(path.to_owned(), Param::Object(class));
        }
        // Keras' own classes are found by their names alone.
        let Some(module) = module else { return };
        let own = module == "keras" || module.starts_with("keras.");
        let mut import = imports::import(module.to_owned(), name.to_owned());
        if own && import.danger == Danger::Unknown && !name.contains('.') {
            import.danger = Danger::Known;
        }
        if self.found.room(module.len() + name.len()) {
            self.imports.push(import);
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
