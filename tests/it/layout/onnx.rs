//! Models of ONNX, written here field by field: what is no model, what lies, and what is large.

use mlrun::layout::{self, Layout};

use super::{WithHole, fixture, flipped, found, inside, layout_of, varint};

fn int(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

/// A field's tag and length.
fn head(field: u64, length: u64) -> Vec<u8> {
    [varint(field << 3 | 2), varint(length)].concat()
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [head(field, value.len() as u64), value.to_vec()].concat()
}

/// A tensor of 4 floats with more fields.
fn tensor(more: &[Vec<u8>]) -> Vec<u8> {
    [int(1, 4), int(2, 1), bytes(8, b"w"), more.concat()].concat()
}

fn model(graph: &[u8]) -> Vec<u8> {
    [int(1, 10), bytes(2, b"a test"), bytes(7, graph)].concat()
}

/// A model with one initializer.
fn of_tensor(more: &[Vec<u8>]) -> Vec<u8> {
    model(&bytes(5, &tensor(more)))
}

#[test]
fn every_byte_of_it() {
    for file in ["model.onnx", "reordered.onnx"] {
        let whole = fixture(file);
        flipped(&whole, 0..whole.len());
        // Cut short, there is no end where the file ends.
        for length in 0..whole.len() {
            let cut = &whole[..length];
            inside(cut);
            // The fields behind the graph may be missing: without them it is a model as well.
            assert!(found(cut).is_empty() || length > whole.len() * 8 / 10, "{file}: {length}");
        }
        for extra in [0, 1, 0x3a, 0xff] {
            assert_eq!(layout_of(&[&whole[..], &[extra]].concat()), Layout::Unknown);
        }
    }
}

#[test]
fn models_that_lie() {
    let data = bytes(9, &[7; 16]);
    let honest = bytes(5, &tensor(std::slice::from_ref(&data)));
    assert_eq!(found(&model(&honest)).len(), 1);
    let nothing: Vec<(&str, Vec<u8>)> = vec![
        ("beyond the file", of_tensor(&[head(9, 17), vec![7; 16]])),
        ("beyond any file", of_tensor(&[head(9, u64::MAX), vec![7; 16]])),
        ("beyond what can be sought", of_tensor(&[head(9, 1 << 63), vec![7; 16]])),
        ("bytes twice", of_tensor(&[data.clone(), data.clone()])),
        ("bytes and floats", of_tensor(&[data.clone(), bytes(4, &[7; 16])])),
        ("floats in the field of doubles", of_tensor(&[bytes(10, &[7; 16])])),
        ("a side below zero", of_tensor(&[int(1, u64::MAX), data.clone()])),
        ("too many sides", of_tensor(&[bytes(1, &[1; 64]), data.clone()])),
        ("a long name", of_tensor(&[bytes(8, &[b'n'; 1025]), data.clone()])),
        ("no name", of_tensor(&[bytes(8, &[0xff; 4]), data.clone()])),
        ("a field 0", of_tensor(&[data.clone(), vec![0, 0]])),
        ("a field beyond all", of_tensor(&[data.clone(), int(1 << 29, 0)])),
        ("a group", of_tensor(&[data.clone(), vec![0x9b, 1, 0x9c, 1]])),
        ("an endless number", of_tensor(&[data.clone(), vec![0x80; 11]])),
        ("a number of 70 bits", of_tensor(&[data.clone(), vec![0x10], vec![0xff; 9], vec![0x7f]])),
        ("two graphs", [model(&honest), bytes(7, b"")].concat()),
        ("no graph", [int(1, 10), bytes(2, &[7; 40])].concat()),
        ("no version", model(&honest)[2..].to_vec()),
        ("version 0", [int(1, 0), model(&honest)].concat()),
        ("a graph that is longer than what follows", [int(1, 10), head(7, 50), honest.clone()].concat()),
        ("a tensor that is longer than its graph", {
            let inner = tensor(std::slice::from_ref(&data));
            let graph = [head(5, inner.len() as u64 + 2), inner].concat();
            [int(1, 10), bytes(7, &graph), bytes(2, b"more")].concat()
        }),
    ];
    for (what, bytes) in nothing {
        assert_eq!(layout_of(&bytes), Layout::Unknown, "{what}");
    }
    // Numbers one by one are no stretch, an unknown field is passed over, a type that came later has no name.
    assert_eq!(found(&of_tensor(&[int(7, 5), bytes(7, &[5; 30]), vec![0x25, 0, 0, 0, 0]])), []);
    assert_eq!(found(&of_tensor(&[bytes(99, b"later"), vec![0xa1, 6], vec![0; 8], data.clone()])).len(), 1);
    assert_eq!(found(&of_tensor(&[int(2, 1000), data.clone()]))[0].dtype, "");
    // The sides in one list, or one by one, or both.
    assert_eq!(found(&of_tensor(&[bytes(1, &[2, 0x80, 1]), int(1, 3), data]))[0].shape, [4, 2, 128, 3]);
}

/// Graphs in branches in graphs.
#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| {
        let mut graph = bytes(5, &tensor(&[bytes(9, &[7; 16])]));
        for _ in 1..depth {
            graph = bytes(1, &bytes(5, &bytes(6, &graph)));
        }
        model(&graph)
    };
    assert_eq!(found(&nested(32)).len(), 1);
    for depth in [33, 1000] {
        assert_eq!(layout_of(&nested(depth)), Layout::Unknown);
    }
}

/// A number and a brace are the beginning of either format.
#[test]
fn as_safetensors_begin() {
    let data = bytes(9, &[7; 16]);
    let braced = [int(1, 10), bytes(2, b"abcd{"), bytes(7, &bytes(5, &tensor(&[data])))].concat();
    assert_eq!(braced[8], b'{');
    assert_eq!(found(&braced).len(), 1);
    let mut json = r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#.to_owned();
    json.push_str(&" ".repeat(264 - json.len()));
    let safetensors = [&264_u64.to_le_bytes()[..], json.as_bytes(), &[7; 16]].concat();
    assert_eq!(safetensors[0], 8);
    assert_eq!(found(&safetensors).len(), 1);
}

/// What tensors hold is not read.
#[test]
fn a_large_model_is_hardly_read() {
    let hole = 2_000_000_000_u64;
    let small = bytes(5, &tensor(&[bytes(9, &[7; 5000])]));
    let start = [int(1, 500_000_000), bytes(8, b"large"), head(9, hole)].concat();
    // Its type comes behind its bytes.
    let kind = int(2, 1);
    let large = [head(5, (start.len() + kind.len()) as u64 + hole), start].concat();
    let tail = [kind, small.clone()].concat();
    let graph_length = small.len() as u64 + large.len() as u64 + hole + tail.len() as u64;
    let head = [int(1, 10), head(7, graph_length), small, large].concat();
    let mut file = WithHole::new(head.clone(), hole, tail);
    let size = file.size();
    let Layout::Tensors(tensors) = layout::of(&mut file, size).unwrap() else { panic!() };
    let places: Vec<(&str, u64, u64)> = tensors.iter().map(|t| (t.name.as_str(), t.start, t.length)).collect();
    assert_eq!(places.len(), 3);
    assert_eq!(places[1], ("large", head.len() as u64, hole));
    assert!(file.read < 64 << 10, "{} bytes were read", file.read);
}
