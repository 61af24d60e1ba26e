//! The stack machine that Python's `pickle` is, with symbols for values: it reads every opcode, imports nothing, calls
//! nothing. It stops where Python would.

use std::collections::{HashMap, HashSet};

use super::super::stream::{Halt, Reading, Stream};
use super::super::{Limit, joblib};
use super::imports::{Danger, danger};
use super::literal;
use super::opcodes as op;
use super::value::{
    ArrayValue, EMPTY, FALSE, Id, Lies, MAX_BYTES, MAX_TEXT, NONE, OPAQUE, Object, TRUE, Value, Values,
};

/// Opcodes of a file at most.
const MAX_OPERATIONS: u64 = 10_000_000;
const MAX_MEMO: usize = 4 << 20;
const MAX_MARKS: usize = 1 << 20;
/// An object has one, or two.
const MAX_STATES: usize = 8;
/// More of `copyreg`'s numbers tell nothing more.
const MAX_EXTENSIONS: usize = 16;
/// Imports of a file at most, and bytes of their names.
const MAX_IMPORTS: usize = 1 << 16;
const MAX_NAME: usize = 4096;
/// Stands for the part of an import that only the running program knows.
pub(super) const COMPUTED: &str = "<computed>";
/// Numbers are not written longer.
const MAX_NUMBER: u64 = 1024;

/// What the reader of a file does at `BUILD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// `pickle.load`: sets a state.
    Plain,
    /// `joblib.load`: reads an array that lies between the opcodes.
    Joblib,
    /// `pickle.load` of a file that is joblib's: takes the bytes of arrays for opcodes.
    Mistaken,
}

/// What was met on the way.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// Module and name, in the order in which they were met, each once.
    pub(super) imports: Vec<(String, String)>,
    known: HashSet<(String, String)>,
    /// Codes of `copyreg`'s registry, which only the loading program has.
    pub(super) extensions: Vec<u32>,
    /// Arrays that lie between the opcodes.
    pub(super) arrays: u64,
    /// Whether a pickle inside the file was taken for a part of it: what it remembers is mixed up with what was remembered.
    mixed: bool,
    /// Opcodes so far.
    operations: u64,
}

impl Met {
    /// For another reading of the same file.
    pub(super) const fn restart(&mut self) {
        self.operations = 0;
    }

    fn import(&mut self, module: &str, name: &str) -> Reading<()> {
        let both = (module.to_owned(), name.to_owned());
        if self.known.contains(&both) {
            return Ok(());
        }
        if self.imports.len() == MAX_IMPORTS || module.len() + name.len() > 2 * MAX_NAME {
            return Err(Halt::Limit(Limit::Imports));
        }
        self.known.insert(both.clone());
        self.imports.push(both);
        Ok(())
    }
}

/// One pickle of a file.
pub(super) struct Machine<'a, 's> {
    pub(super) stream: &'a mut Stream<'s>,
    pub(super) values: &'a mut Values,
    pub(super) met: &'a mut Met,
    reader: Reader,
    stack: Vec<Id>,
    /// The stack's length at each mark: nothing below the last may be taken.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    /// Where the frame being read ends.
    frame: u64,
}

impl<'a, 's> Machine<'a, 's> {
    pub(super) fn new(stream: &'a mut Stream<'s>, values: &'a mut Values, met: &'a mut Met, reader: Reader) -> Self {
        Self { stream, values, met, reader, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new(), frame: 0 }
    }

    /// Reads a pickle to its end; what it makes.
    pub(super) fn run(&mut self) -> Reading<Id> {
        loop {
            if self.met.operations == MAX_OPERATIONS {
                return Err(Halt::Limit(Limit::Operations));
            }
            self.met.operations += 1;
            let opcode = self.stream.byte()?;
            if opcode == op::STOP {
                return self.pop();
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: u8) -> Reading<()> {
        match opcode {
            op::PROTO => self.stream.skip(1),
            op::FRAME => {
                let length = self.long()?;
                self.frame = self.stream.at().saturating_add(length);
                Ok(())
            }
            op::NONE => self.push(NONE),
            op::NEWTRUE => self.push(TRUE),
            op::NEWFALSE => self.push(FALSE),
            op::FLOAT
            | op::BINFLOAT
            | op::INT
            | op::BININT
            | op::BININT1
            | op::BININT2
            | op::LONG
            | op::LONG1
            | op::LONG4 => self.number(opcode),
            op::STRING | op::UNICODE => {
                let start = self.stream.at();
                let (line, length) = self.line(MAX_TEXT as usize)?;
                if length > MAX_TEXT {
                    return self.add(Value::Long { start, length });
                }
                let text = if opcode == op::UNICODE {
                    literal::unicode(&line)
                } else {
                    literal::string(&line).ok_or(Halt::Broken("a text without its quotes"))?
                };
                self.add(Value::Text(text.into()))
            }
            op::BINSTRING | op::BINUNICODE => self.half().and_then(|length| self.text(length.into())),
            op::SHORT_BINSTRING | op::SHORT_BINUNICODE => {
                self.stream.byte().and_then(|length| self.text(length.into()))
            }
            op::BINUNICODE8 => self.long().and_then(|length| self.text(length)),
            op::BINBYTES => self.half().and_then(|length| self.bytes(length.into())),
            op::SHORT_BINBYTES => self.stream.byte().and_then(|length| self.bytes(length.into())),
            op::BINBYTES8 | op::BYTEARRAY8 => self.long().and_then(|length| self.bytes(length)),
            op::NEXT_BUFFER => self.push(OPAQUE),
            op::READONLY_BUFFER => Ok(()),
            op::MARK if self.marks.len() == MAX_MARKS => Err(Halt::Limit(Limit::Depth)),
            op::MARK => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            // Python takes a mark where there is no value above it.
            op::POP if self.stack.len() == self.fence() && !self.marks.is_empty() => self.since_mark().map(drop),
            op::POP => self.pop().map(drop),
            op::POP_MARK => self.since_mark().map(drop),
            op::DUP => self.top().and_then(|id| self.push(id)),
            op::EMPTY_LIST | op::LIST | op::APPEND | op::APPENDS => self.list(opcode),
            op::EMPTY_TUPLE => self.push(EMPTY),
            op::TUPLE | op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => self.tuple(opcode),
            op::EMPTY_DICT | op::DICT | op::SETITEM | op::SETITEMS => self.dictionary(opcode),
            op::EMPTY_SET | op::ADDITEMS | op::FROZENSET => self.set(opcode),
            op::GET | op::BINGET | op::LONG_BINGET | op::PUT | op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => {
                self.remember(opcode)
            }
            op::GLOBAL | op::STACK_GLOBAL | op::EXT1 | op::EXT2 | op::EXT4 => self.import(opcode),
            op::INST | op::OBJ | op::REDUCE | op::NEWOBJ | op::NEWOBJ_EX => self.call(opcode),
            op::BUILD => self.build(),
            op::PERSID => {
                self.line(MAX_TEXT as usize)?;
                self.push(OPAQUE)
            }
            op::BINPERSID => {
                let name = self.pop()?;
                self.add(Value::Persistent(name))
            }
            _ => Err(Halt::Broken("a byte that is no opcode")),
        }
    }

    fn number(&mut self, opcode: u8) -> Reading<()> {
        let value = match opcode {
            op::BINFLOAT => Value::Float(f64::from_be_bytes(self.stream.array()?)),
            op::BININT => Value::Int(i32::from_le_bytes(self.stream.array()?).into()),
            op::BININT1 => Value::Int(self.stream.byte()?.into()),
            op::BININT2 => Value::Int(u16::from_le_bytes(self.stream.array()?).into()),
            op::LONG1 | op::LONG4 => {
                let length = if opcode == op::LONG1 { u32::from(self.stream.byte()?) } else { self.half()? };
                if u64::from(length) > MAX_NUMBER {
                    self.stream.skip(length.into())?;
                    return self.push(OPAQUE);
                }
                let bytes = self.stream.take(length.into())?;
                let Some(number) = literal::integer(&bytes) else { return self.push(OPAQUE) };
                i64::try_from(number).map_or_else(|_| Value::Big(number.to_string().into()), Value::Int)
            }
            _ => {
                let (line, length) = self.line(MAX_NUMBER as usize)?;
                let text = std::str::from_utf8(&line).ok().filter(|_| length <= MAX_NUMBER).unwrap_or_default().trim();
                let digits = text.strip_suffix('L').unwrap_or(text);
                match (opcode, text) {
                    // Before protocol 2, booleans were these.
                    (op::INT, "01") => return self.push(TRUE),
                    (op::INT, "00") => return self.push(FALSE),
                    (op::FLOAT, _) => text.parse().map_or(Value::Opaque, Value::Float),
                    _ => digits.parse().map_or_else(
                        |_| {
                            if digits.bytes().all(|b| b == b'-' || b.is_ascii_digit()) {
                                Value::Big(digits.into())
                            } else {
                                Value::Opaque
                            }
                        },
                        Value::Int,
                    ),
                }
            }
        };
        self.add(value)
    }

    fn text(&mut self, length: u64) -> Reading<()> {
        if length > MAX_TEXT {
            return self.long_value(length);
        }
        let bytes = self.stream.take(length)?;
        self.add(Value::Text(String::from_utf8_lossy(&bytes).into()))
    }

    fn bytes(&mut self, length: u64) -> Reading<()> {
        if length > MAX_BYTES {
            return self.long_value(length);
        }
        let bytes = self.stream.take(length)?;
        self.add(Value::Bytes(bytes.into()))
    }

    fn long_value(&mut self, length: u64) -> Reading<()> {
        let start = self.stream.at();
        self.stream.skip(length)?;
        self.add(Value::Long { start, length })
    }

    fn list(&mut self, opcode: u8) -> Reading<()> {
        if opcode == op::EMPTY_LIST {
            return self.add(Value::List(Vec::new()));
        }
        let new = if opcode == op::APPEND { vec![self.pop()?] } else { self.since_mark()? };
        if opcode == op::LIST {
            return self.add(Value::List(new));
        }
        let list = self.top()?;
        match self.values.get_mut(list) {
            Some(Value::List(all)) => all.extend(new),
            Some(Value::Object(object)) => object.items.extend(new),
            _ => {}
        }
        Ok(())
    }

    fn tuple(&mut self, opcode: u8) -> Reading<()> {
        let elements = match opcode {
            op::TUPLE => self.since_mark()?,
            _ => {
                let mut elements = Vec::new();
                for _ in op::TUPLE1..=opcode {
                    elements.push(self.pop()?);
                }
                elements.reverse();
                elements
            }
        };
        if elements.is_empty() { self.push(EMPTY) } else { self.add(Value::Tuple(elements)) }
    }

    fn dictionary(&mut self, opcode: u8) -> Reading<()> {
        let new = match opcode {
            op::EMPTY_DICT => Vec::new(),
            op::SETITEM => {
                let (value, key) = (self.pop()?, self.pop()?);
                vec![key, value]
            }
            _ => self.since_mark()?,
        };
        let pairs = new.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        if opcode == op::EMPTY_DICT || opcode == op::DICT {
            let pairs = pairs.collect();
            return self.add(Value::Dict(pairs));
        }
        let dictionary = self.top()?;
        match self.values.get_mut(dictionary) {
            Some(Value::Dict(all)) => all.extend(pairs),
            Some(Value::Object(object)) => object.pairs.extend(pairs),
            _ => {}
        }
        Ok(())
    }

    fn set(&mut self, opcode: u8) -> Reading<()> {
        if opcode == op::EMPTY_SET {
            return self.add(Value::Set(Vec::new()));
        }
        let new = self.since_mark()?;
        if opcode == op::FROZENSET {
            return self.add(Value::Set(new));
        }
        let set = self.top()?;
        match self.values.get_mut(set) {
            Some(Value::Set(all)) => all.extend(new),
            Some(Value::Object(object)) => object.items.extend(new),
            _ => {}
        }
        Ok(())
    }

    fn remember(&mut self, opcode: u8) -> Reading<()> {
        let place = match opcode {
            op::GET | op::PUT => {
                let (line, _) = self.line(MAX_NUMBER as usize)?;
                let number = std::str::from_utf8(&line).ok().and_then(|line| line.trim().parse().ok());
                number.ok_or(Halt::Broken("a place in the memo that is no number"))?
            }
            op::BINGET | op::BINPUT => self.stream.byte()?.into(),
            op::MEMOIZE => u32::try_from(self.memo.len()).map_err(|_| Halt::Limit(Limit::Memo))?,
            _ => self.half()?,
        };
        if matches!(opcode, op::GET | op::BINGET | op::LONG_BINGET) {
            let id = *self.memo.get(&place).ok_or(Halt::Broken("a memo that was never written"))?;
            return self.push(id);
        }
        let id = self.top()?;
        if self.memo.len() == MAX_MEMO {
            return Err(Halt::Limit(Limit::Memo));
        }
        self.memo.insert(place, id);
        Ok(())
    }

    fn import(&mut self, opcode: u8) -> Reading<()> {
        let code = match opcode {
            op::GLOBAL => {
                let names = self.names()?;
                return self.global(names);
            }
            op::STACK_GLOBAL => {
                let (name, module) = (self.pop()?, self.pop()?);
                if self.reader == Reader::Mistaken && !(self.may_be_text(module) && self.may_be_text(name)) {
                    return Err(Halt::Broken("a name that is no text"));
                }
                let text = |id| self.values.text(id).unwrap_or(COMPUTED).to_owned();
                let names = (text(module), text(name));
                return self.global(names);
            }
            op::EXT1 => self.stream.byte()?.into(),
            op::EXT2 => u16::from_le_bytes(self.stream.array()?).into(),
            _ => self.half()?,
        };
        if !self.met.extensions.contains(&code) && self.met.extensions.len() < MAX_EXTENSIONS {
            self.met.extensions.push(code);
        }
        self.push(OPAQUE)
    }

    /// Two lines.
    fn names(&mut self) -> Reading<(String, String)> {
        let mut line = || {
            let (line, length) = self.line(MAX_NAME)?;
            if length > MAX_NAME as u64 {
                return Err(Halt::Limit(Limit::Imports));
            }
            Ok(String::from_utf8_lossy(&line).into_owned())
        };
        Ok((line()?, line()?))
    }

    /// Whether a name may be computed by it; Python takes nothing but texts for names.
    fn may_be_text(&self, id: Id) -> bool {
        match self.values.get(id) {
            Value::Text(_) | Value::Persistent(_) | Value::Opaque => true,
            Value::Object(object) => self.values.class(object).is_none_or(|(module, name)| {
                name == "str" || name == "unicode" || danger(module, name) != Danger::Known
            }),
            _ => false,
        }
    }

    fn note(&mut self, names: &(String, String)) -> Reading<()> {
        // Of what is mixed up, pairs of any texts are taken for names. Those that do harm are meant.
        let by_chance = self.reader == Reader::Mistaken && self.met.mixed;
        if by_chance && danger(&names.0, &names.1) != Danger::Dangerous {
            return Ok(());
        }
        self.met.import(&names.0, &names.1)
    }

    fn global(&mut self, names: (String, String)) -> Reading<()> {
        self.note(&names)?;
        self.add(Value::Global(Box::new(names)))
    }

    fn call(&mut self, opcode: u8) -> Reading<()> {
        let (callable, arguments) = match opcode {
            op::INST => {
                let names = self.names()?;
                self.note(&names)?;
                let arguments = self.since_mark()?;
                let arguments = self.values.add(Value::Tuple(arguments))?;
                (self.values.add(Value::Global(Box::new(names)))?, arguments)
            }
            op::OBJ => {
                let mut all = self.since_mark()?;
                if all.is_empty() {
                    return Err(Halt::Broken("an instance of nothing"));
                }
                let class = all.remove(0);
                (class, self.values.add(Value::Tuple(all))?)
            }
            op::NEWOBJ_EX => {
                self.pop()?;
                let arguments = self.pop()?;
                (self.pop()?, arguments)
            }
            _ => {
                let arguments = self.pop()?;
                (self.pop()?, arguments)
            }
        };
        let object = Object { callable, arguments, states: Vec::new(), items: Vec::new(), pairs: Vec::new() };
        self.add(Value::Object(Box::new(object)))
    }

    fn build(&mut self) -> Reading<()> {
        let state = self.pop()?;
        let place = self.top()?;
        if let Some(Value::Object(object)) = self.values.get_mut(place) {
            if object.states.len() == MAX_STATES {
                return Err(Halt::Broken("an object of many states"));
            }
            object.states.push(state);
        }
        if self.reader == Reader::Plain {
            return Ok(());
        }
        if self.reader == Reader::Mistaken {
            self.met.mixed |= matches!(joblib::wrapped(self.values, place), Ok(Some(array)) if array.length.is_none());
            return Ok(());
        }
        let Some(array) = joblib::wrapped(self.values, place)? else { return Ok(()) };
        // joblib would read what lies behind the frame first, and then the rest of the frame. It never writes such a file.
        if self.stream.at() < self.frame {
            return Err(Halt::Broken("an array inside a frame"));
        }
        self.met.arrays += 1;
        let Some(length) = array.length else {
            // An array of objects: a pickle of its own, read by Python's pickle.
            let made = Machine::new(self.stream, self.values, self.met, Reader::Plain).run()?;
            self.pop()?;
            return self.push(made);
        };
        if array.aligned {
            let padding = self.stream.byte()?;
            self.stream.skip(padding.into())?;
        }
        let (start, columns_first, big_endian) = (self.stream.at(), array.columns_first, array.big_endian);
        self.stream.skip(length)?;
        self.pop()?;
        let lies = Some(Lies { start, length, columns_first, big_endian });
        self.add(Value::Array(Box::new(ArrayValue { dtype: array.dtype, shape: array.shape, lies })))
    }

    fn half(&mut self) -> Reading<u32> {
        self.stream.array().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Reading<u64> {
        self.stream.array().map(u64::from_le_bytes)
    }

    fn line(&mut self, limit: usize) -> Reading<(Vec<u8>, u64)> {
        self.stream.line(limit)?.ok_or(Halt::Ended)
    }

    fn add(&mut self, value: Value) -> Reading<()> {
        let id = self.values.add(value)?;
        self.push(id)
    }

    fn push(&mut self, id: Id) -> Reading<()> {
        self.stack.push(id);
        Ok(())
    }

    fn fence(&self) -> usize {
        self.marks.last().copied().unwrap_or_default()
    }

    fn top(&self) -> Reading<Id> {
        let above = self.stack.len() > self.fence();
        self.stack.last().copied().filter(|_| above).ok_or(Halt::Broken("an opcode without what it takes"))
    }

    fn pop(&mut self) -> Reading<Id> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn since_mark(&mut self) -> Reading<Vec<Id>> {
        let mark = self.marks.pop().ok_or(Halt::Broken("an opcode without its mark"))?;
        Ok(self.stack.split_off(mark))
    }
}
