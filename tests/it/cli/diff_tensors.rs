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
            "unit": "element", "elements": 16, "changed": 1, "not_finite": 0, "not_finite_changed": 0, "l2": 39.0,
            "relative": 9.75, "max_abs": 39.0, "cosine": all["tensors"][0]["cosine"],
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
    assert_eq!(found["tensors"][0]["name"], "head.weight", "what became NaN comes first, then what is not defined");
    assert_eq!(weight["not_finite_changed"], 2);
    let page = project
        .ok("diff v1 v2 --format markdown")
        .says(&["| head | 2 of 2 | NaN/inf |", "- head.weight: 1 NaN (was 0), 1 infinite (was 0)"]);
    assert!(!page.stdout.contains("| 0 |"), "{page}");
    project.ok("report v2 -o report.html");
    let page = project.read("report.html");
    assert!(page.contains("NaN/inf") && page.contains("1 NaN (was 0), 1 infinite (was 0)"));
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
    shown.says(&["! not compared: m.safetensors of b: no tensors can be read from it as safetensors"]);
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

/// As many NaN as before, but others: in every listing it is first, though the numbers that are left did not change.
#[test]
fn nan_that_moved_is_the_first_of_all() {
    let side = |odd: usize, moved: f32| {
        let mut values = vec![1.0; 8];
        values[odd] = f32::NAN;
        model(&[("z.weight", values), ("a.weight", vec![moved; 8])])
    };
    let project = project(&side(1, 1.0), &side(6, 500.0));
    let found = project.json("diff v1 v2", 0);
    assert_eq!(
        (&found["tensors"][0]["name"], &found["tensors"][0]["not_finite_changed"]),
        (&json!("z.weight"), &json!(2))
    );
    assert_eq!(found["tensors_summary"]["layers"][0]["name"], "z");
    let words = "NaN or infinite in other places: 2 elements differ in that";
    let shown = project.ok("diff v1 v2").says(&[&format!("! z.weight: {words}"), "NaN/inf"]);
    assert!(shown.stdout.find("z.weight") < shown.stdout.find("a.weight"), "{shown}");
    project.ok("diff v1 v2 --stat").says(&["other NaN or infinities in z.weight"]);
    let page = project.ok("diff v1 v2 --format markdown").says(&["| z | 1 of 1 | NaN/inf |", words]);
    assert!(page.stdout.find("| z |") < page.stdout.find("| a |"), "{page}");
}

/// Of many layers the one with the largest change is shown, whatever stands before it; one line is never left out.
#[test]
fn what_is_folded_is_the_least() {
    // Those that were all 0 have no relative change, and come before the others.
    let names: Vec<String> = (0..30).map(|n| format!("layer.{n}.weight")).collect();
    let side = |count: usize, is_second: bool| {
        let of = |n: usize| {
            if n < 25 { f32::from(u8::from(is_second)) } else { 1.0 + n as f32 * f32::from(u8::from(is_second)) }
        };
        model(
            &names.iter().take(count).enumerate().map(|(n, name)| (name.as_str(), vec![of(n); 4])).collect::<Vec<_>>(),
        )
    };
    let many = project(&side(30, false), &side(30, true));
    let shown = many.ok("diff v1 v2").says(&["layer.29.weight", "… and 10 more layers, relative 28 and less"]);
    assert!(!shown.stdout.contains("layer.28.weight"), "{shown}");
    let few = project(&side(21, false), &side(21, true));
    let shown = few.ok("diff v1 v2");
    assert!(!shown.stdout.contains("more layer") && shown.stdout.contains("layer.9.weight"), "{shown}");
}

/// A small tensor that changed much is not lost among the large ones of its layer.
#[test]
fn layers_stand_in_the_order_of_their_tensors() {
    let side = |small: f32, hardly: f32, large: f32| {
        model(&[("a.large", vec![large; 4000]), ("b.large", vec![hardly; 4000]), ("b.small", vec![small; 2])])
    };
    let project = project(&side(1.0, 100.0, 10.0), &side(9.0, 100.001, 11.0));
    let layers = project.json("diff v1 v2", 0)["tensors_summary"]["layers"].clone();
    let relative = |place: usize| layers[place]["relative"].as_f64().unwrap();
    assert_eq!((&layers[0]["name"], &layers[1]["name"]), (&json!("b"), &json!("a")));
    assert!(relative(0) < 0.01 && relative(1) > 0.09, "{layers}");
    project.ok("diff v1 v2 --stat").says(&["b.small by 8 of its norm"]);
}

#[test]
fn a_page_names_files_and_tensors() {
    let many = |prefix: &str, count: usize| (0..count).map(|n| format!("{prefix}.{n:02}x.w")).collect::<Vec<_>>();
    let (added, removed) = (many("added", 25), many("removed", 21));
    fn with<'t>(own: &[(&'t str, Vec<f32>)], names: &'t [String]) -> Vec<(&'t str, Vec<f32>)> {
        let named = names.iter().enumerate().map(|(n, name)| (name.as_str(), vec![n as f32 + 1.5; 3 + own.len()]));
        own.iter().cloned().chain(named).collect()
    }
    let a = model(&with(&[("w", vec![1.0; 4]), ("old", vec![7.0; 9])], &removed));
    let b = model(&with(&[("w", vec![2.0; 4]), ("new|<b>", vec![7.0; 9]), ("x", vec![1.0])], &added));
    let project = project(&a, &b);
    let page = project.ok("diff v1 v2 --format markdown").says(&[
        "tensors in m.safetensors: 1 changed, 1 renamed, 26 added, 21 removed",
        "- added added.00x.w: F32 6",
        "- … and 6 more added",
        "- removed removed.20x.w: F32 5",
        "- renamed new",
        ": was old",
    ]);
    assert!(!page.stdout.contains("<b>") && !page.stdout.contains("more removed"), "{page}");
    project.write("mlrun.toml", "schema = 1\n[model.m]\nfiles = [\"m.safetensors\", \"n.safetensors\"]\n");
    for (m, n) in [(1.0, 1.0), (2.0, 3.0)] {
        project.write("m.safetensors", model(&[("w", vec![m])]));
        project.write("n.safetensors", model(&[("w", vec![n]), ("v", vec![n; 2])])).ok("snapshot");
    }
    project.ok("diff v3 v4 --format markdown").says(&[
        "| layer | file | changed |",
        "| w | m.safetensors | 1 of 1 | 1 |",
        "| w | n.safetensors | 1 of 1 | 2 |",
    ]);
}

/// A site compares what is small with the version before, and says how to compare the rest.
#[test]
fn a_site_tells_what_changed_in_small_tensors() {
    let small = project(&model(&[("head.w", vec![1.0; 8])]), &model(&[("head.w", vec![3.0; 8])]));
    small.ok("report --all -o site");
    let page = small.read("site/models/m/v2.html");
    assert!(page.contains("Tensor changes by layer") && page.contains("<code>head</code>"), "{page}");
    let large = project(&model(&[("w", vec![1.0; 700_000])]), &model(&[("w", vec![3.0; 700_000])]));
    large.ok("report --all -o site");
    let page = large.read("site/models/m/v2.html");
    assert!(page.contains("mlrun diff m@v1 m@v2 --only tensors"));
    // A page of its own reads everything.
    large.ok("report v2 -o one.html");
    assert!(large.read("one.html").contains("<code>w</code>"));
}
