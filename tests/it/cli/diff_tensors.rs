//! `diff` of tensors, as people and scripts see it.

use serde_json::{Value, json};

use super::harness::Project;

/// A safetensors file of `F32` tensors: name, value of each element.
fn model(tensors: &[(&str, Vec<f32>)]) -> Vec<u8> {
    let mut offset = 0;
    let mut header = serde_json::Map::new();
    for (name, values) in tensors {
        let end = offset + 4 * values.len();
        let entry = json!({ "dtype": "F32", "shape": [values.len()], "data_offsets": [offset, end] });
        header.insert((*name).to_owned(), entry);
        offset = end;
    }
    let header = Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    tensors.iter().for_each(|(_, values)| bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())));
    bytes
}

fn project(a: &[u8], b: &[u8]) -> Project {
    let project = Project::empty();
    project.write("mlrun.toml", "schema = 1\n[model.m]\nfiles = [\"m.safetensors\"]\n");
    project.ok("init");
    project.write("m.safetensors", a).ok("snapshot");
    project.write("m.safetensors", b).ok("snapshot");
    project
}

/// `count` layers of two tensors; in the second version of layer n one weight is n more.
fn layers(count: usize, is_second: bool) -> Vec<u8> {
    let names: Vec<[String; 2]> = (0..count)
        .map(|n| ["weight", "bias"].map(|part| format!("model.decoder.layers.{n}.self_attention.{part}")))
        .collect();
    let tensors: Vec<(&str, Vec<f32>)> = names
        .iter()
        .enumerate()
        .flat_map(|(n, [weight, bias])| {
            let mut values = vec![1.0; 16];
            if is_second {
                values[3] += n as f32;
            }
            [(weight.as_str(), values), (bias.as_str(), vec![0.5; 4])]
        })
        .collect();
    model(&tensors)
}

#[test]
fn one_screen_of_layers_and_all_of_it_in_json() {
    let project = project(&layers(40, false), &layers(40, true));
    let shown = project.ok("diff v1 v2 --only tensors");
    let text = shown.stdout.clone();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(lines.len() < 30, "{shown}");
    let shown = shown.says(&["80 tensors: 39 changed, 41 the same", "… and 19 more layers, relative 4.7500 and less"]);
    let first = lines.iter().position(|line| line.contains("rs.39.self_attention.weight")).unwrap();
    let second = lines.iter().position(|line| line.contains("rs.38.self_attention.weight")).unwrap();
    assert!(first < second, "the most changed first\n{shown}");
    // 39 of √16.
    assert!(lines[first].contains("9.7500") && lines[first].contains("6.2 %") && lines[first].contains('█'), "{shown}");
    let stat = project.ok("diff v1 v2 --only tensors --stat").says(&["model.decoder.layers.1 ", "1 of 2"]);
    assert!(!stat.stdout.contains("weight"), "{stat}");
    let all = project.json("diff v1 v2", 0);
    assert_eq!(all["tensors"].as_array().unwrap().len(), 39);
    assert_eq!(
        all["tensors"][0],
        json!({
            "name": "model.decoder.layers.39.self_attention.weight", "change": "changed", "layer": "model.decoder.layers.39",
            "a": {
                "name": "model.decoder.layers.39.self_attention.weight", "dtype": "F32", "shape": [16],
                "file": "m.safetensors", "bytes": 64, "nan": 0, "infinite": 0,
            },
            "b": {
                "name": "model.decoder.layers.39.self_attention.weight", "dtype": "F32", "shape": [16],
                "file": "m.safetensors", "bytes": 64, "nan": 0, "infinite": 0,
            },
            "unit": "element", "elements": 16, "changed": 1, "not_finite": 0, "l2": 39.0, "relative": 9.75,
            "max_abs": 39.0, "cosine": all["tensors"][0]["cosine"],
        })
    );
    let cosine = all["tensors"][0]["cosine"].as_f64().unwrap();
    let expected = 55.0 / 4.0 / (15.0_f64 + 40.0 * 40.0).sqrt();
    assert!((cosine - expected).abs() < 1e-15, "{cosine} {expected}");
    let summary = &all["tensors_summary"];
    assert_eq!((&summary["unchanged"], &summary["changed"]), (&json!(41), &json!(39)));
    assert_eq!(summary["layers"].as_array().unwrap().len(), 39);
    assert_eq!((&summary["layers"][0]["tensors"], &summary["layers"][0]["changed"]), (&json!(2), &json!(1)));
    assert_eq!(all["identical"], false);
    assert_eq!(project.json("diff v1 v2 --only params", 0).get("tensors"), None);
}

#[test]
fn a_layer_that_became_nan_is_said_to_be() {
    let a = model(&[("head.weight", vec![1.0; 8]), ("head.bias", vec![0.0; 2])]);
    let b = model(&[
        ("head.weight", [vec![1.0; 5], vec![f32::NAN, f32::INFINITY, 1.0]].concat()),
        ("head.bias", vec![3.0; 2]),
    ]);
    let project = project(&a, &b);
    project.ok("diff v1 v2").says(&["! head.weight: 1 NaN (was 0), 1 infinite (was 0)", "25.0 % NaN/inf"]);
    project.ok("diff v1 v2 --stat").says(&["other NaN or infinities in head"]);
    let found = project.json("diff v1 v2", 0);
    let item =
        |name: &str| found["tensors"].as_array().unwrap().iter().find(|item| item["name"] == name).unwrap().clone();
    let (weight, bias) = (item("head.weight"), item("head.bias"));
    assert_eq!((&weight["not_finite"], &weight["relative"], &weight["l2"]), (&json!(2), &json!(0.0), &json!(0.0)));
    assert_eq!((&weight["b"]["nan"], &weight["b"]["infinite"], &weight["a"]["nan"]), (&json!(1), &json!(1), &json!(0)));
    // Nothing to divide by: not defined, and not 0.
    assert_eq!((&bias["relative"], &bias["cosine"], &bias["max_abs"]), (&Value::Null, &Value::Null, &json!(3.0)));
    assert_eq!(found["tensors"][0]["name"], "head.bias", "what is not defined comes first");
}

#[test]
fn names_do_not_steer_the_terminal() {
    let name = "a\u{1b}[2J\r\n\u{202e}evil";
    let project = project(&model(&[(name, vec![1.0])]), &model(&[(name, vec![2.0]), ("<b>", vec![1.0])]));
    let shown = project.ok("diff v1 v2 --only tensors").says(&["<b>"]);
    assert!(!shown.stdout.contains(['\u{1b}', '\r', '\u{202e}']), "{shown}");
    assert_eq!(project.json("diff v1 v2", 0)["tensors"][0]["name"], name);
}

#[test]
fn a_file_that_is_none_is_named_and_is_a_difference() {
    let project = project(&model(&[("w", vec![1.0])]), b"\x10\0\0\0\0\0\0\0{\"w\": broken");
    let shown = project.mlrun("diff v1 v2 --only tensors --exit-code").exits(1);
    shown.says(&["! not compared: m.safetensors: no tensors can be read from it as safetensors"]);
    let found = project.json("diff v1 v2", 0);
    let missing = &found["tensors_summary"]["not_compared"][0];
    assert_eq!(
        (&missing["file"], &missing["side"], &found["tensors"]),
        (&json!("m.safetensors"), &json!("b"), &json!([]))
    );
    assert_eq!(found["files"][0]["path"], "m.safetensors");
    // The same file is no difference, whatever is in it.
    project.ok("diff v2 --exit-code").says(&["are the same"]);
}
