//! Models in zip archives, told apart by the names of their members: skops, Keras, PyTorch.

use std::collections::HashMap;
use std::io::{self, Cursor};

use serde_json::Value as Json;

use super::outline::Outline;
use super::param::{Param, number};
use super::pickle::imports;
use super::pickle::value::{ArrayValue, Value};
use super::pytorch::{self, View};
use super::stream::{Halt, Packing, Source};
use super::{Facts, Finding, keras, npy, pickle, sklearn, skops};
use crate::layout::zip::{self, Member};
use crate::layout::{self, Elements, Input, Tensor};

/// Of what pickles in one archive are read.
const MAX_PICKLES: usize = 64;
/// The start of an array, with its header.
const MAX_HEADER: u64 = 10_100;
/// A number of NumPy is no longer.
const MAX_NUMBER: u64 = 64;

struct Archive<'i> {
    input: &'i mut dyn Input,
    size: u64,
    members: Vec<Member>,
}

/// What an archive of `size` bytes says; none if it is no model's.
pub(super) fn read(input: &mut dyn Input, size: u64) -> io::Result<Option<Facts>> {
    let Some(members) = zip::members(input, size)? else { return Ok(None) };
    let mut archive = Archive { input, size, members };
    let has = |name: &str| archive.members.iter().any(|member| member.name == name);
    if has("schema.json") {
        return archive.skops();
    }
    if has("config.json") && has("metadata.json") {
        return archive.keras();
    }
    archive.pickles()
}

impl Archive<'_> {
    /// The bytes of a member, to be read. The last of a name is the one that programs take.
    fn member(&mut self, place: usize) -> io::Result<Option<Source<'_>>> {
        let Some(member) = self.members.get(place) else { return Ok(None) };
        let packing = match member.method {
            Some(0) => Packing::None,
            Some(8) => Packing::Deflate,
            _ => return Ok(None),
        };
        let Some(start) = zip::start(self.input, member, self.size)? else { return Ok(None) };
        Ok(Some(Source::new(&mut *self.input, start, member.packed, packing)))
    }

    fn place(&self, name: &str) -> usize {
        self.members.iter().rposition(|member| member.name == name).unwrap_or(usize::MAX)
    }

    /// A member's JSON, what is wrong with it, and the bytes that were read.
    fn json(&mut self, name: &str, outline: &mut Outline) -> io::Result<(Json, Option<Finding>, u64)> {
        let not_read = Finding::PartNotRead { part: name.to_owned() };
        let place = self.place(name);
        let Some(mut source) = self.member(place)? else { return Ok((Json::Null, Some(not_read), 0)) };
        let mut stream = source.open()?;
        let read = outline.json(&mut stream);
        let at = stream.at();
        match read {
            Ok(_) if outline.cut => Ok((Json::Null, Some(Finding::Limit(super::Limit::Values)), at)),
            Ok(json) => Ok((json, None, at)),
            Err(halt) => Ok((Json::Null, Some(pickle::finding_of(halt, at)?), at)),
        }
    }

    fn skops(&mut self) -> io::Result<Option<Facts>> {
        let mut outline = Outline::new(&[], &[]);
        let (schema, finding, read) = self.json("schema.json", &mut outline)?;
        let mut facts = Facts::new("skops", read, read);
        facts.findings.extend(finding);
        let mut array = |name: &str| self.array(name).ok().flatten();
        let mut values = skops::Schema::new(&mut array);
        match values.node(&schema, 0) {
            Ok(root) => facts.estimator(sklearn::describe(&values.values, root)),
            Err(Halt::Io(error)) => return Err(error),
            Err(halt) => facts.findings.push(pickle::finding_of(halt, read)?),
        }
        facts.imports = outline.classes.into_iter().map(|(module, name)| imports::import(module, name)).collect();
        Ok(Some(facts))
    }

    /// The array in a member: its type and dimensions, or its one number.
    fn array(&mut self, name: &str) -> io::Result<Option<Value>> {
        let place = self.place(name);
        let size = self.members.get(place).map_or(0, |member| member.size);
        let Some(mut source) = self.member(place)? else { return Ok(None) };
        let Ok(first) = source.open()?.take(size.min(MAX_HEADER)) else { return Ok(None) };
        let layout = layout::of(&mut Cursor::new(&first), size)?;
        let [tensor] = layout.tensors() else { return Ok(None) };
        let dtype = tensor.dtype.trim_start_matches(['<', '|', '=']);
        if tensor.shape.is_empty() && tensor.length <= MAX_NUMBER {
            let bytes = usize::try_from(tensor.start).ok().and_then(|start| first.get(start..));
            return Ok(match bytes.and_then(|bytes| number(dtype, bytes)) {
                Some(Param::Bool(truth)) => Some(Value::Bool(truth)),
                Some(Param::Int(number)) => Some(Value::Int(number)),
                Some(Param::Float(number)) => Some(Value::Float(number)),
                Some(Param::Text(text)) => Some(Value::Text(text.into())),
                _ => None,
            });
        }
        let array = ArrayValue { dtype: dtype.to_owned(), shape: tensor.shape.clone(), lies: None };
        Ok(Some(Value::Array(Box::new(array))))
    }

    fn keras(&mut self) -> io::Result<Option<Facts>> {
        let (config, wrong, read) = self.json("config.json", &mut Outline::new(&[], &[]))?;
        let (metadata, also_wrong, more) = self.json("metadata.json", &mut Outline::new(&[], &[]))?;
        let mut facts = Facts::new("keras", read + more, read + more);
        let model = keras::model(&config);
        facts.class = model.class;
        facts.library = keras::version(&metadata).map(|version| ("keras".to_owned(), version));
        facts.take(model.found);
        facts.imports = model.imports;
        facts.findings.extend(wrong.into_iter().chain(also_wrong).chain(model.findings));
        Ok(Some(facts))
    }

    /// Finds the bytes of `views`; `whole` says that these are all.
    fn place_tensors(&mut self, facts: &mut Facts, archive: &str, views: Vec<View>, whole: bool) -> io::Result<()> {
        let mut storages: HashMap<String, Option<(u64, u64)>> = HashMap::new();
        let mut placed = whole;
        // Bytes that somebody who reads every tensor of the file reads.
        let mut read: u64 = facts.tensors.iter().map(|tensor| tensor.length).sum();
        let most = self.size.saturating_mul(pytorch::MAX_SHARED);
        for view in views.into_iter().filter(|view| view.length > 0) {
            let storage = match storages.get(&view.storage) {
                Some(known) => *known,
                None => {
                    let place = self.place(&format!("{archive}/data/{}", view.storage));
                    let source = self.member(place)?.filter(|source| source.packing == Packing::None);
                    let found = source.map(|source| (source.start, source.length));
                    storages.insert(view.storage, found);
                    found
                }
            };
            let fits = |(_, length): &(u64, u64)| view.start.checked_add(view.length).is_some_and(|end| end <= *length);
            match storage.filter(fits) {
                Some(_) if view.length > most.saturating_sub(read) => {
                    placed = false;
                    break;
                }
                Some((start, _)) => {
                    read += view.length;
                    facts.tensors.push(Tensor {
                        name: view.name,
                        dtype: view.dtype,
                        shape: view.shape,
                        elements: Elements::Numbers,
                        start: start + view.start,
                        length: view.length,
                    });
                }
                None => placed = false,
            }
        }
        if !placed {
            facts.findings.push(Finding::PartNotRead { part: "some tensors".to_owned() });
        }
        Ok(())
    }

    fn holds_objects(&mut self, place: usize) -> io::Result<bool> {
        self.member(place)?.map_or(Ok(false), |mut source| npy::behind_header(&mut source))
    }

    fn pickles(&mut self) -> io::Result<Option<Facts>> {
        let mut places = Vec::new();
        for place in 0..self.members.len() {
            let name = &self.members[place].name;
            let is_pickle = [".pkl", ".pickle", ".joblib"].iter().any(|end| name.ends_with(end));
            if is_pickle || (name.ends_with(".npy") && self.holds_objects(place)?) {
                places.push(place);
            }
        }
        if places.is_empty() {
            return Ok(None);
        }
        let is_torch = places.iter().any(|place| self.members[*place].name.ends_with("/data.pkl"));
        let mut facts = Facts::new(if is_torch { "pytorch-zip" } else { "zip" }, 0, 0);
        if places.len() > MAX_PICKLES {
            facts.findings.push(Finding::Limit(super::Limit::Pickles));
        }
        for place in places.into_iter().take(MAX_PICKLES) {
            let part = self.members[place].name.clone();
            let Some(mut source) = self.member(place)? else {
                facts.findings.push(Finding::PartNotRead { part });
                continue;
            };
            if part.ends_with(".npy") {
                npy::behind_header(&mut source)?;
            }
            if let Some(walk) = pickle::walk(&mut source, true)? {
                let views = part.strip_suffix("/data.pkl").zip(walk.root).map(|(archive, root)| {
                    let (views, whole) = pytorch::tensors(&walk.values, root);
                    (archive, views, whole)
                });
                facts.pickled(walk, &mut source)?;
                if let Some((archive, views, whole)) = views {
                    self.place_tensors(&mut facts, archive, views, whole)?;
                }
            }
        }
        Ok(Some(facts))
    }
}
