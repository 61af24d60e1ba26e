//! SSH signatures and the people they are by: whatever `ssh-keygen` says of one, we say.

mod keys;
mod signers;
mod verdicts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mlrun::clock::Time;
use mlrun::format::allowed_signers::AllowedSigners;
use mlrun::format::signoff::NAMESPACE;
use mlrun::signature::sshsig::SshSignature;
use tempfile::TempDir;

const ANA: &str = "ana@example.org";
const STATEMENT: &[u8] = b"{\"format\":\"mlrun/approval/1\",\"model\":\"fraud\"}";

/// A folder with keys that `ssh-keygen` made.
struct Keys(TempDir);

impl Keys {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes a key of a type and, where that has several, a length.
    #[track_caller]
    fn make(&self, name: &str, kind: &str, bits: Option<u32>) -> &Self {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", kind, "-N", "", "-C", "a comment", "-f"]).arg(self.path(name));
        if let Some(bits) = bits {
            command.args(["-b", &bits.to_string()]);
        }
        succeeds(&mut command);
        self
    }

    /// `TYPE BASE64`.
    fn public(&self, name: &str) -> String {
        let text = fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// What `ssh-keygen -Y sign` makes of a message with a key.
    #[track_caller]
    fn sign(&self, key: &Path, namespace: &str, message: &[u8], options: &[&str]) -> Vec<u8> {
        let file = self.path("message");
        fs::write(&file, message).unwrap();
        let _ = fs::remove_file(self.path("message.sig"));
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-n", namespace]).args(options).arg("-f").arg(key).arg(&file);
        succeeds(&mut command);
        fs::read(self.path("message.sig")).unwrap()
    }

    /// Signs the statement as it should be.
    #[track_caller]
    fn signed(&self, name: &str) -> Vec<u8> {
        self.sign(&self.path(name), NAMESPACE, STATEMENT, &[])
    }
}

#[track_caller]
fn succeeds(command: &mut Command) {
    let output =
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("this test needs ssh-keygen: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A question that both are asked.
#[derive(Clone)]
struct Question<'a> {
    signers: &'a str,
    principal: &'a str,
    namespace: &'a str,
    /// `YYYYMMDDHHMMSS`, in UTC.
    time: &'a str,
    signature: &'a [u8],
    message: &'a [u8],
}

impl<'a> Question<'a> {
    fn new(signers: &'a str, signature: &'a [u8]) -> Self {
        let (principal, namespace, time, message) = (ANA, NAMESPACE, "20260301120000", STATEMENT);
        Self { signers, principal, namespace, time, signature, message }
    }

    /// What `ssh-keygen -Y verify` says.
    fn theirs(&self, keys: &Keys) -> bool {
        fs::write(keys.path("allowed"), self.signers).unwrap();
        fs::write(keys.path("signature"), self.signature).unwrap();
        fs::write(keys.path("question"), self.message).unwrap();
        let mut command = Command::new("ssh-keygen");
        command.args(["-Y", "verify", "-n", self.namespace, "-I", self.principal, "-f"]).arg(keys.path("allowed"));
        command.arg("-s").arg(keys.path("signature")).arg(format!("-Overify-time={}Z", self.time));
        let message = fs::File::open(keys.path("question")).unwrap();
        let output = command.stdin(message).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.success(), said.starts_with("Good "), "{said}");
        output.status.success()
    }

    /// What we say.
    fn ours(&self) -> bool {
        let signature = SshSignature::read(self.signature);
        let signers = AllowedSigners::read(self.signers.as_bytes());
        let (Ok(signature), Ok(signers)) = (signature, signers) else { return false };
        signature.check(self.namespace, self.message).is_ok()
            && signers.allows(self.principal, signature.key().blob(), self.namespace, instant(self.time)).is_ok()
    }

    /// Fails the test unless both say `good`.
    #[track_caller]
    fn is(&self, keys: &Keys, good: bool) {
        let told = format!("{:?} for {} in {} at {}", self.signers, self.principal, self.namespace, self.time);
        assert_eq!(self.theirs(keys), good, "ssh-keygen says {} of {told}", !good);
        assert_eq!(self.ours(), good, "we say {} of {told}", !good);
    }

    /// Fails the test unless both say the same.
    #[track_caller]
    fn agrees(&self, keys: &Keys, about: &str) -> bool {
        let (theirs, ours) = (self.theirs(keys), self.ours());
        assert_eq!(theirs, ours, "of {about} ssh-keygen says {theirs}, we say {ours}");
        ours
    }
}

fn instant(digits: &str) -> Time {
    mlrun::clock::calendar(digits, true).unwrap()
}

/// Armour around bytes, by nobody's code but this.
fn armoured(blob: &[u8]) -> Vec<u8> {
    let base64 = mlrun::format::dsse::encode_base64(blob);
    let lines: Vec<&str> = base64.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n")).into_bytes()
}

/// The bytes inside the armour.
fn blob(signature: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(signature).unwrap();
    let base64: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    mlrun::format::dsse::decode_base64(&base64).unwrap()
}

/// A string as SSH writes it.
fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}
