//! Signed certificates, checked by programs that are not ours; and certificates shown again elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::harness::{Bad, Project, shown};
use super::scene::POLICY;

/// v1 in production, v2 certified, and a key pair of each kind beside the project.
fn scene() -> Project {
    let project = Project::rated();
    let first = project.version(0.60);
    project.release(&first);
    project.version(0.65);
    key(&project, "pkcs8", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    project
}

/// `NAME.pem` and `NAME.pub`, made by openssl.
#[track_caller]
fn key(project: &Project, name: &str, made_by: &str) {
    let private = project.beside(&format!("{name}.pem"));
    openssl(project, &format!("{made_by} -out {}", private.display()));
    chmod(&private, 0o600);
    let public = project.beside(&format!("{name}.pub"));
    openssl(project, &format!("pkey -in {} -pubout -out {}", private.display(), public.display()));
}

#[track_caller]
fn openssl(project: &Project, line: &str) -> String {
    let mut command = project.other("openssl");
    command.args(line.split_whitespace());
    shown(&mut command).exits(0).stdout
}

fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn at(project: &Project, name: &str) -> String {
    project.beside(name).display().to_string()
}

/// The name of a key: what openssl makes of its public half.
fn keyid(project: &Project, name: &str) -> String {
    let der = project.beside("key.der");
    openssl(project, &format!("pkey -pubin -in {} -outform DER -out {}", at(project, name), der.display()));
    crate::support::sha256sum(&fs::read(der).unwrap())
}

fn envelope(project: &Project) -> Value {
    serde_json::from_slice(&fs::read(project.beside("v2.dsse.json")).unwrap()).unwrap()
}

fn write_envelope(project: &Project, envelope: &Value) {
    fs::write(project.beside("v2.dsse.json"), envelope.to_string()).unwrap();
}

fn base64(bytes: &[u8]) -> String {
    mlrun::format::dsse::encode_base64(bytes)
}

fn unbase64(text: &Value) -> Vec<u8> {
    mlrun::format::dsse::decode_base64(text.as_str().unwrap()).unwrap()
}

/// A Python with securesystemslib, where `tests/all.sh` has made one.
fn python() -> Option<PathBuf> {
    crate::support::python_with("securesystemslib.dsse, cryptography")
}

/// An empty folder on a machine without store and project.
fn elsewhere(project: &Project, arguments: &[&str]) -> super::harness::Shown {
    let folder = project.beside("elsewhere");
    fs::create_dir_all(&folder).unwrap();
    shown(project.command(arguments).current_dir(folder))
}

#[test]
fn a_signature_is_what_openssl_says_it_is() {
    let project = scene();
    key(&project, "sec1", "ecparam -name prime256v1 -genkey");
    let words = |name: &str| format!("certify v2 --sign {}", at(&project, &format!("{name}.pem")));
    let first = project.json(&words("pkcs8"), 0);
    assert_eq!(first["signed"], json!({ "keyid": keyid(&project, "pkcs8.pub"), "unchanged": false }));
    // The same key, another key, and both once more.
    assert_eq!(project.json(&words("pkcs8"), 0)["signed"]["unchanged"], true);
    assert_eq!(project.json(&words("sec1"), 0)["signed"]["keyid"], keyid(&project, "sec1.pub").as_str());
    assert_eq!((project.events_of("certify").len(), project.events_of("sign").len()), (2, 2));
    project.ok("log fraud").says(&["sign ", &keyid(&project, "sec1.pub")[..12]]);
    let show = project.json("show v2", 0);
    assert_eq!(show["certificates"][0]["signatures"].as_array().unwrap().len(), 2);
    project.ok("verify --full");

    project.ok(&format!("export dsse v2 -o {}", at(&project, "v2.dsse.json")));
    let envelope = envelope(&project);
    assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
    let payload = unbase64(&envelope["payload"]);
    assert_eq!(crate::support::sha256sum(&payload), first["certificate"].as_str().unwrap());
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(project.ok("export statement v2").stdout.as_bytes(), payload);

    // DSSE's encoding, as its specification writes it.
    let head = format!("DSSEv1 28 application/vnd.in-toto+json {} ", payload.len());
    fs::write(project.beside("pae"), [head.as_bytes(), &payload].concat()).unwrap();
    for (signature, name) in envelope["signatures"].as_array().unwrap().iter().zip(["pkcs8", "sec1"]) {
        fs::write(project.beside("sig"), unbase64(&signature["sig"])).unwrap();
        let [key, sig, pae] = [&*format!("{name}.pub"), "sig", "pae"].map(|name| at(&project, name));
        openssl(&project, &format!("dgst -sha256 -verify {key} -signature {sig} {pae}"));
    }
    let both = project.mlrun(&format!(
        "certify --recheck {} --key {} --key {}",
        at(&project, "v2.dsse.json"),
        at(&project, "pkcs8.pub"),
        at(&project, "sec1.pub")
    ));
    both.exits(0).says(&["2 signed by keys that were given", "PASS shown again up to level 3"]);
}

/// The envelope beside the other reports: the one that `export` gives.
#[test]
fn an_envelope_is_a_report() {
    let project = scene();
    let (key, file, junit) = (at(&project, "pkcs8.pem"), at(&project, "v2.dsse.json"), at(&project, "v2.xml"));
    project.ok(&format!("certify v2 --sign {key} --report dsse={file} --report junit={junit}"));
    let written = fs::read(project.beside("v2.dsse.json")).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), project.ok("export dsse v2").stdout);
    assert_eq!(keyid(&project, "pkcs8.pub"), envelope(&project)["signatures"][0]["keyid"].as_str().unwrap());
    elsewhere(&project, &["certify", "--recheck", &file, "--key", &at(&project, "pkcs8.pub")])
        .exits(0)
        .says(&["1 signed by keys that were given"]);
    // Again, and to the terminal: the same bytes.
    assert_eq!(
        project.ok(&format!("certify v2 --sign {key} --format dsse")).stdout,
        project.ok("export dsse v2").stdout
    );
    // Without a key there is nothing to put in it, and nothing is done.
    let none = at(&project, "none.json");
    let bad = Bad { exit: 2, message: &["report", "an envelope holds a signature"], hint: &[] };
    project.fails(&format!("certify v2 --report dsse={none}"), &bad);
    assert!(!project.beside("none.json").exists());
}

/// RFC 6979: nothing about a signature is left to chance.
#[test]
fn the_same_key_signs_the_same_way() {
    let project = scene();
    let pem = fs::read_to_string(project.beside("pkcs8.pem")).unwrap();
    let key = mlrun::signature::PrivateKey::from_pem(&pem).unwrap();
    assert_eq!(key.sign(b"one"), key.sign(b"one"));
    assert_ne!(key.sign(b"one"), key.sign(b"two"));
}

#[test]
fn securesystemslib_and_we_agree() {
    let Some(python) = python() else { return };
    let project = scene();
    project.ok(&format!("certify v2 --sign {}", at(&project, "pkcs8.pem")));
    project.ok(&format!("export dsse v2 -o {}", at(&project, "v2.dsse.json")));
    let script = r#"
import hashlib, json, sys
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey
path, public, private, out = sys.argv[1:]
key = form.load_pem_public_key(open(public, "rb").read())
der = key.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
ours = SSlibKey.from_crypto(key, keyid=hashlib.sha256(der).hexdigest())
envelope = Envelope.from_dict(json.load(open(path)))
assert list(envelope.verify([ours], 1)) == [ours.keyid]
other = Envelope(envelope.payload + b" ", envelope.payload_type, envelope.signatures)
try:
    other.verify([ours], 1)
    sys.exit("a payload that was tampered with")
except VerificationError:
    pass
theirs = CryptoSigner.generate_ecdsa()
open(private, "w").write(theirs.public_key.keyval["public"])
made = Envelope(envelope.payload, envelope.payload_type, {})
made.sign(theirs)
json.dump(made.to_dict(), open(out, "w"))
"#;
    let mut command = project.other(python.to_str().unwrap());
    command.args(["-c", script]);
    let places = ["v2.dsse.json", "pkcs8.pub", "theirs.pub", "theirs.dsse.json"].map(|name| at(&project, name));
    shown(command.args(&places)).exits(0);
    // What they made of our statement.
    elsewhere(&project, &["certify", "--recheck", &places[3], "--key", &places[2]])
        .exits(0)
        .says(&["made with a key that was given", "PASS shown again up to level 1"]);
    elsewhere(&project, &["certify", "--recheck", &places[3], "--key", &places[1]]).exits(4).says(&["did not sign it"]);
    elsewhere(&project, &["certify", "--recheck", &places[3]]).exits(0).says(&["not checked"]);
}

#[test]
fn what_was_tampered_with_is_refused() {
    let project = scene();
    key(&project, "other", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    project.ok(&format!("certify v2 --sign {}", at(&project, "pkcs8.pem")));
    let file = at(&project, "v2.dsse.json");
    project.ok(&format!("export dsse v2 -o {file}"));
    let whole = envelope(&project);
    let key = at(&project, "pkcs8.pub");
    let with_key = ["certify", "--recheck", &file, "--key", &key];
    elsewhere(&project, &with_key).exits(0);

    // A verdict that is another, in a statement that is well-formed.
    let payload = String::from_utf8(unbase64(&whole["payload"])).unwrap();
    let mut forged = whole.clone();
    forged["payload"] = json!(base64(payload.replace("\"PASS\"", "\"WAIVED\"").as_bytes()));
    write_envelope(&project, &forged);
    elsewhere(&project, &with_key).exits(4).says(&["BROKEN", "did not sign it", "is not one of this certificate"]);
    // Neither is a canonical statement after a blank.
    forged["payload"] = json!(base64(format!("{payload} ").as_bytes()));
    write_envelope(&project, &forged);
    elsewhere(&project, &with_key).exits(4);

    // Another signature, somebody else's, none, and one of another type of payload.
    let mut bytes = unbase64(&whole["signatures"][0]["sig"]);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let change = |path: &str, value: Value| {
        let mut changed = whole.clone();
        *changed.pointer_mut(path).unwrap() = value;
        write_envelope(&project, &changed);
        elsewhere(&project, &with_key).exits(4)
    };
    change("/signatures/0/sig", json!(base64(&bytes)));
    change("/signatures", json!([]));
    change("/payloadType", json!("application/json"));
    change("/signatures/0/sig", json!("!"));
    write_envelope(&project, &whole);
    let other = at(&project, "other.pub");
    elsewhere(&project, &["certify", "--recheck", &file, "--key", &other]).exits(4).says(&["did not sign it"]);
    // Whatever a hostile file says of itself stays text.
    let mut named = whole.clone();
    named["signatures"][0]["keyid"] = json!("\u{1b}[31mme");
    write_envelope(&project, &named);
    let told = elsewhere(&project, &with_key).exits(0);
    assert!(!told.stdout.contains('\u{1b}'), "{told}");
}

#[test]
fn keys_that_cannot_be_used() {
    let project = scene();
    let made = |name: &str, line: &str| {
        openssl(&project, &format!("{line} -out {}", at(&project, name)));
        at(&project, name)
    };
    let rsa = made("rsa.pem", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let p384 = made("p384.pem", "ecparam -name secp384r1 -genkey -noout");
    let ed = made("ed.pem", "genpkey -algorithm ED25519");
    let locked = made("locked.pem", &format!("pkcs8 -topk8 -in {} -passout pass:secret", at(&project, "pkcs8.pem")));
    let old = made("old.pem", &format!("ec -in {} -aes128 -passout pass:secret", at(&project, "pkcs8.pem")));
    fs::write(project.beside("cut.pem"), "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n").unwrap();
    fs::write(project.beside("text.pem"), "no key\n").unwrap();
    let (cut, text, public) = (at(&project, "cut.pem"), at(&project, "text.pem"), at(&project, "pkcs8.pub"));
    let cases: [(&str, &str); 8] = [
        (&rsa, "a key for RSA, not for EC P-256"),
        (&p384, "a key for EC P-384"),
        (&ed, "a key for Ed25519"),
        (&locked, "it is encrypted"),
        (&old, "it is encrypted"),
        (&cut, "not an EC P-256 key"),
        (&text, "it is not PEM"),
        (&public, "it holds a `PUBLIC KEY`, not a private key"),
    ];
    for (key, words) in cases {
        let bad = Bad { exit: 2, message: &[words], hint: &["openssl"] };
        project.run_fails(&["certify", "v2", "--sign", key], &bad);
    }
    let missing = at(&project, "none.pem");
    project.run_fails(&["certify", "v2", "--sign", &missing], &Bad { exit: 6, message: &["none.pem"], hint: &[] });
    project.run_fails(
        &["certify", "--recheck", "v1", "--key", &at(&project, "pkcs8.pem")],
        &Bad { exit: 2, message: &["it holds a `PRIVATE KEY`, not a public key"], hint: &[] },
    );

    // It works, but not in silence.
    chmod(&project.beside("pkcs8.pem"), 0o644);
    let open = project.ok(&format!("certify v2 --sign {}", at(&project, "pkcs8.pem")));
    assert!(open.stderr.contains("others on this machine may read the key"), "{open}");
}

#[test]
fn without_rows_it_ends_at_level_1() {
    let project = scene();
    project.ok("certify v2");
    let file = at(&project, "v2.json");
    project.ok(&format!("export statement v2 -o {file}"));
    let there = elsewhere(&project, &["certify", "--recheck", &file, "--json"]).exits(0).object();
    assert_eq!((&there["level"], &there["levels"][2]["outcome"]), (&json!(1), &json!("not-reached")), "{there:#}");
    let outcomes = |rule: &Value| [rule["bounds"]["outcome"].clone(), rule["decision"]["outcome"].clone()];
    for rule in there["rules"].as_array().unwrap() {
        assert_eq!(outcomes(rule), ["agrees", "agrees"], "{rule}");
    }
    let here = project.json(&format!("certify --recheck {file}"), 0);
    assert_eq!((&here["level"], &here["candidate"]["name"]), (&json!(3), &json!("fraud@v2")), "{here:#}");
    let id = here["certificate"].as_str().unwrap();
    for name in [id, &id[..8], "v2", "fraud@latest"] {
        assert_eq!(project.json(&format!("certify --recheck {name}"), 0)["certificate"], id, "{name}");
    }
    let bad = Bad { exit: 6, message: &["none.json"], hint: &[] };
    project.fails("certify --recheck ../none.json", &bad);
    project.version(0.66);
    project.fails(
        "certify --recheck v3",
        &Bad { exit: 6, message: &["`fraud@v3` has no certificate"], hint: &["certify"] },
    );
    project.fails("export dsse v2", &Bad { exit: 1, message: &["is not signed"], hint: &["--sign"] });

    // What was let go of is not there any more, and nothing is wrong with the certificate.
    project.ok("certify v3");
    project.ok("drop v3 --reason small");
    let dropped = project.json("certify --recheck v3", 0);
    assert_eq!((&dropped["level"], &dropped["levels"][2]["outcome"]), (&json!(1), &json!("not-reached")));
}

#[test]
fn other_rules_today_are_a_no() {
    let project = scene();
    project.ok("certify v2");
    project.write("policy.toml", POLICY.replace("min = 0.6", "min = 0.9999"));
    let now = project.json("certify --recheck v2", 1);
    assert_eq!((&now["level"], &now["today"], &now["verdict"]), (&json!(2), &json!("FAIL"), &json!("PASS")), "{now:#}");
    project.mlrun("certify --recheck v2").exits(1).says(&["auc-floor", "not by today's rules"]);
    project.write("policy.toml", POLICY.replace("min = 0.6", "min = 0.61"));
    assert_eq!(project.json("certify --recheck v2", 0)["level"], 3);
}

/// A certificate whose numbers do not follow, and one whose verdict does not, whoever wrote them.
#[test]
fn numbers_that_do_not_follow_are_found_without_rows() {
    let project = scene();
    project.ok("certify v2");
    let statement: Value = serde_json::from_str(&project.ok("export statement v2").stdout).unwrap();
    let file = at(&project, "v2.json");
    let examined = |change: &dyn Fn(&mut Value)| {
        let mut forged = statement.clone();
        change(&mut forged["predicate"]);
        fs::write(&file, serde_json_canonicalizer::to_vec(&forged).unwrap()).unwrap();
        elsewhere(&project, &["certify", "--recheck", &file])
    };
    let forged = |change: &dyn Fn(&mut Value)| examined(change).exits(4);
    forged(&|p| p["results"][0]["lower"] = json!(0.0)).says(&["auc: its statistics give"]);
    forged(&|p| p["results"][0]["sufficient"]["s10_aa"] = json!(0.5)).says(&["auc: its statistics give"]);
    forged(&|p| p["results"][2]["verdict"] = json!("FAIL")).says(&["p95: its bounds say PASS, FAIL is recorded"]);
    forged(&|p| p["verdict"] = json!("FAIL")).says(&["the results say PASS, FAIL is recorded"]);
    forged(&|p| drop(p["results"].as_array_mut().unwrap().remove(1))).says(&["the rule `auc-floor` has no result"]);
    forged(&|p| p["policy"]["confidence"] = json!(0.9)).says(&["its policy does not hash"]);
    forged(&|p| p["results"][1]["severity"] = json!("warn")).says(&["another severity"]);
    forged(&|p| p["results"][0]["margin"] = json!(0.5)).says(&["its limit is not its rule's"]);
    forged(&|p| p["results"][0]["sufficient"] = json!({})).says(&["auc: the statistics", "are missing"]);
    // Nobody waived anything.
    let waived = |p: &mut Value| {
        p["results"][0]["verdict"] = json!("WAIVED");
        p["verdict"] = json!("WAIVED");
    };
    forged(&|p| waived(p)).says(&["not what it would be without that"]);
    forged(&|p| {
        waived(p);
        p["results"][0]["waived"] = json!("FAIL");
    })
    .says(&["no waiver of its rule"]);
    // What other statistics are said to have given is not shown; verdicts follow from bounds all the same.
    let other = |p: &mut Value| p["tool"]["statistics"] = json!(99);
    let lower = |p: &mut Value| p["results"][0]["lower"] = json!(p["results"][0]["lower"].as_f64().unwrap() + 1e-6);
    examined(&|p| {
        other(p);
        lower(p);
    })
    .exits(3)
    .says(&["statistics 99"]);
    forged(&|p| {
        other(p);
        p["results"][2]["verdict"] = json!("FAIL");
    })
    .says(&["p95: its bounds say PASS"]);
    // Where its candidate was made, its certificate would have been issued.
    let mut unheard_of = statement.clone();
    unheard_of["predicate"]["tool"]["version"] = json!("0.0.1");
    fs::write(&file, serde_json_canonicalizer::to_vec(&unheard_of).unwrap()).unwrap();
    elsewhere(&project, &["certify", "--recheck", &file]).exits(0);
    project.mlrun(&format!("certify --recheck {file}")).exits(4).says(&["fraud@v2 was made here", "no event here"]);
}

/// A bundle carries the signatures, and says if one of them is not of its certificate.
#[test]
fn a_bundle_carries_signatures() {
    let project = scene();
    project.ok(&format!("certify v2 --sign {}", at(&project, "pkcs8.pem")));
    let file = at(&project, "case.tar.gz");
    project.ok(&format!("bundle v2 -o {file}"));
    project.ok(&format!("bundle --verify {file}"));
    let listed = shown(project.other("tar").args(["tzf", &file])).exits(0).stdout;
    assert_eq!(listed.lines().filter(|name| name.starts_with("signatures/")).count(), 1, "{listed}");
}
